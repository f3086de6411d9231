"""openapi.py IN.yaml OUT.c: the contract as the JSON that /openapi.json serves, a C array (services/api/openapi.h)."""

import hashlib
import json
import pathlib
import sys

import yaml

PER_LINE = 24


def pack(document):
    text = json.dumps(yaml.safe_load(document), separators=(",", ":")).encode("ascii")
    digits = hashlib.sha256(text).hexdigest()[:16]
    lines = (", ".join(map(str, text[i : i + PER_LINE])) for i in range(0, len(text), PER_LINE))
    return (
        '#include "openapi.h"\n\n'
        f'const char openapi_etag[] = "\\"{digits}\\"";\n'
        f"const size_t openapi_json_len = {len(text)};\n"
        "const char openapi_json[] = {\n\t" + ",\n\t".join(lines) + ",\n\t0,\n};\n"
    )


if __name__ == "__main__":
    source, target = map(pathlib.Path, sys.argv[1:])
    target.write_text(pack(source.read_text("utf-8")), "ascii")
