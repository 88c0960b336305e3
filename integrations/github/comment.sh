#!/usr/bin/env bash
# comment.sh OWNER/REPOSITORY NUMBER FILE: write FILE as the one policylint comment of a pull request, updated in place.
# A comment of a stranger that begins like ours is not ours: its author could edit the verdict.
set -euo pipefail
repository="$1" number="$2" file="$3"
marker='<!-- policylint report -->'
[ -s "$file" ] || { echo "no report to comment with" >&2; exit 0; }
ours='.user.type == "Bot" or (.author_association | IN("OWNER", "MEMBER", "COLLABORATOR"))'
comments="$(gh api --paginate "repos/$repository/issues/$number/comments" \
    --jq ".[] | select(.body | startswith(\"$marker\")) | select($ours) | .id")"
found="${comments%%$'\n'*}"
if [ -n "$found" ]; then
    gh api --method PATCH "repos/$repository/issues/comments/$found" --field "body=@$file" --silent
else
    gh api --method POST "repos/$repository/issues/$number/comments" --field "body=@$file" --silent
fi
