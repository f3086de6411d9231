"""Sizes: how long a function, a file and a header may be. No exceptions."""

import json
import re
import subprocess

FUNCTION_MAX = 60
SWITCH_FUNCTION_MAX = 80
FILE_MAX = 500
HEADER_MAX = 150
PARAMETERS_MAX = 5


def functions(root, files):
    """[{name, path, line, end, signature}] as universal-ctags sees them."""
    listed = subprocess.run(["ctags", "--output-format=json", "--languages=C", "--langmap=C:.c.h",
                             "--kinds-C=f", "--fields=+neS", "-f", "-", "-L", "-"],
                            cwd=root, input="\n".join(files), check=True, stdout=subprocess.PIPE,
                            text=True).stdout
    return [json.loads(line) for line in listed.splitlines() if '"end"' in line]


def inputs(signature):
    """How many parameters say what to do: outputs (ret...), the arena they live in and err aside.

    A callback (void * first) has the signature that its library wants.
    """
    words = re.sub(r"\([^()]*\)", "", signature.strip()[1:-1]).split(",")
    if words[0].strip() in ("", "void") or re.match(r"void \*", words[0].strip()):
        return 0
    names = [re.sub(r"\[.*", "", word).strip().rsplit(" ", 1)[-1].lstrip("*") for word in words]
    return len([n for n in names if n not in ("err", "arena", "ret") and not n.startswith("ret_")])


def lengths(root, files):
    """Function lengths, longest last (for the closing figures)."""
    return sorted(f["end"] - f["line"] + 1 for f in functions(root, files))


def check(root, files):
    wrong = []
    texts = {name: (root / name).read_text().splitlines() for name in files}
    for name, lines in texts.items():
        most = HEADER_MAX if name.endswith(".h") and "/support/" not in name else FILE_MAX
        if len(lines) > most:
            wrong.append(f"{name}: {len(lines)} lines, at most {most}")
    for f in functions(root, files):
        if f["name"] in ("Test", "ParameterizedTest", "TestSuite") or f["path"].startswith("tests/unit"):
            continue
        length = f["end"] - f["line"] + 1
        body = texts[f["path"]][f["line"] - 1:f["end"]]
        most = SWITCH_FUNCTION_MAX if any("switch (" in line for line in body) else FUNCTION_MAX
        if length > most:
            wrong.append(f"{f['path']}:{f['line']}: {f['name']} has {length} lines, at most {most}")
        taken = inputs(f.get("signature", "()"))
        if taken > PARAMETERS_MAX:
            wrong.append(f"{f['path']}:{f['line']}: {f['name']} takes {taken} things, at most {PARAMETERS_MAX}")
    return wrong


if __name__ == "__main__":
    import pathlib
    import sys

    found = lengths(pathlib.Path(), sys.argv[1:])
    if found:
        print(f"{len(found)} functions: median {found[len(found) // 2]} lines, "
              f"90th percentile {found[len(found) * 9 // 10]}, longest {found[-1]}")
