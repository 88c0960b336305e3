#!/usr/bin/env bash
# Print the newest CPython >= 3.11 at hand (PATH, pyenv), nothing where there is none.
for python in $(compgen -c python3. | sort -u) "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.*/bin/python3; do
    "$python" -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
    "$python" -c 'import sys; print(sys.version_info[1], sys.executable)' 2>/dev/null
done | sort -n | tail -n 1 | cut -d" " -f2-
