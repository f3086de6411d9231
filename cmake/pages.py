"""pages.py DIR OUT.c: the pages of services/api/web as a table of C arrays (services/api/pages.h).

{{assets}} in HTML becomes the address of the other files, which changes with them: what a browser keeps always fits together.
"""

import hashlib
import pathlib
import sys

PER_LINE = 24
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


def digest(data):
    return hashlib.sha256(data).hexdigest()[:16]


def array(index, data):
    lines = (", ".join(map(str, data[i : i + PER_LINE])) for i in range(0, len(data), PER_LINE))
    return f"static const unsigned char bytes_{index}[] = {{\n\t" + ",\n\t".join(lines) + ",\n};\n"


def pack(files):
    """files: {name: bytes}"""
    version = digest(b"".join(name.encode() + b"\0" + data + b"\0" for name, data in sorted(files.items())))
    arrays, rows = [], []
    for index, (name, data) in enumerate(sorted(files.items())):
        kind = TYPES[pathlib.PurePath(name).suffix]
        if name.endswith(".html"):
            data = data.replace(b"{{assets}}", f"/assets/{version}".encode())
        arrays.append(array(index, data))
        rows.append(f'\t{{"{name}", "{kind}", "\\"{digest(data)}\\"", bytes_{index}, sizeof bytes_{index}}},\n')
    return (
        '#include "pages.h"\n\n'
        + "".join(arrays)
        + f'\nconst char page_version[] = "{version}";\n'
        + "const struct page_file page_files[] = {\n"
        + "".join(rows)
        + "};\nconst size_t page_file_count = sizeof page_files / sizeof *page_files;\n"
    )


if __name__ == "__main__":
    folder, target = map(pathlib.Path, sys.argv[1:])
    target.write_text(pack({path.name: path.read_bytes() for path in folder.iterdir()}), "ascii")
