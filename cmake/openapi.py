"""openapi.py IN.yaml [OUT.c]: the contract as the JSON that /openapi.json serves: printed, or a C array (services/api/openapi.h)."""

import hashlib
import json
import pathlib
import sys

import yaml

PER_LINE = 24


def pack(text):
    digits = hashlib.sha256(text).hexdigest()[:16]
    lines = (", ".join(map(str, text[i : i + PER_LINE])) for i in range(0, len(text), PER_LINE))
    return (
        '#include "openapi.h"\n\n'
        f'const char openapi_etag[] = "\\"{digits}\\"";\n'
        f"const size_t openapi_json_len = {len(text)};\n"
        "const char openapi_json[] = {\n\t" + ",\n\t".join(lines) + ",\n\t0,\n};\n"
    )


def main(source, target=None):
    document = yaml.safe_load(pathlib.Path(source).read_text("utf-8"))
    text = json.dumps(document, separators=(",", ":"))
    if target:
        pathlib.Path(target).write_text(pack(text.encode("ascii")), "ascii")
    else:
        print(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
