#!/bin/sh
# Every source is laid out as .clang-format says. Other versions of clang-format disagree with 14.
# Usage: sh tests/tidy/layout.sh CLANG-FORMAT
set -eu
cd "$(dirname "$0")/../.."
find events core projections http tools tests -name '*.cc' -o -name '*.h' |
  xargs "$1" --dry-run --Werror
