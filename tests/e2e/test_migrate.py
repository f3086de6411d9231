"""unbookctl migrate, as an operator's database lets it."""

import subprocess

import psycopg
from stack.system import ROOT, build_bin

MODULES = {"btree_gist", "pg_trgm", "unaccent"}


def migrate(build, url):
    return subprocess.run(
        [build_bin(build) / "unbookctl", "migrate", "--dir", ROOT / "deploy" / "migrations"],
        env={"PATH": "/usr/bin:/bin", "UNBOOK_PG_URL": url},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_database_s_owner_need_not_be_a_superuser(infra, build):
    """Up and down again; whoever does not own it needs two grants."""
    name = "owned"
    with psycopg.connect(infra.pg.url("postgres"), autocommit=True) as db:
        db.execute("CREATE ROLE plain_owner LOGIN")
        db.execute(f"CREATE DATABASE {name} OWNER plain_owner")
        db.execute("CREATE ROLE guest LOGIN")
        db.execute("CREATE DATABASE lent")
    try:
        url = infra.pg.url(name).replace("//unbook:", "//plain_owner:")
        done = migrate(build, url)
        assert done.returncode == 0, done.stderr
        with psycopg.connect(url) as db:
            assert db.execute("SHOW is_superuser").fetchone() == ("off",)
            assert MODULES <= {row[0] for row in db.execute("SELECT extname FROM pg_extension")}
        lent = infra.pg.url("lent")
        refused = migrate(build, lent.replace("//unbook:", "//guest:"))
        assert refused.returncode != 0 and "permission denied" in refused.stderr
        with psycopg.connect(lent, autocommit=True) as db:
            db.execute("GRANT CREATE ON DATABASE lent TO guest")
            db.execute("GRANT CREATE ON SCHEMA public TO guest")
        done = migrate(build, lent.replace("//unbook:", "//guest:"))
        assert done.returncode == 0, done.stderr
        with psycopg.connect(url, autocommit=True) as db:
            for path in sorted((ROOT / "deploy" / "migrations").glob("*.sql"), reverse=True):
                db.execute(path.read_text("utf-8").split("-- migrate:down")[1])
            tables = db.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
            assert tables.fetchall() == [("schema_migrations",)]
    finally:
        for database in (name, "lent"):
            infra.pg.drop_database(database)
        with psycopg.connect(infra.pg.url("postgres"), autocommit=True) as db:
            db.execute("DROP ROLE plain_owner, guest")
