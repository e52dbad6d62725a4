#!/usr/bin/env bash
# run.sh check|train|measure|peers|report [--help]: see run.py. Needs Python 3
# and an NVIDIA driver; peers needs PyTorch, too.
exec python3 "$(dirname "${BASH_SOURCE[0]}")/run.py" "$@"
