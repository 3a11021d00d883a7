#!/bin/sh
# `make soak`: chaos, load and simulated histories in turns, each turn with another seed, until something breaks, until it
# is stopped, or for SOAK_MINUTES. The argument is the folder of the programs.
set -eu
programs=$1
begun=$(date +%s)

# Minutes that are left, at most so many.
left() {
    minutes=$1
    if [ -n "${SOAK_MINUTES:-}" ]; then
        rest=$(((begun + 60 * SOAK_MINUTES - $(date +%s)) / 60))
        [ "$rest" -ge "$minutes" ] || minutes=$rest
    fi
    echo "$minutes"
}

# Runs a program for at most so many minutes: `turn NAME MINUTES ARGUMENTS…`; it gets `--seed` and the time.
turn() {
    name=$1
    minutes=$(left "$2")
    shift 2
    [ "$minutes" -gt 0 ] || return 0
    seed=$(date +%s)
    case $name in
        auroractl-load) set -- "$@" --seed "$seed" ;;
        *) set -- "$@" --seed "$seed" --minutes "$minutes" ;;
    esac
    echo "== $name $*"
    "$programs/$name" "$@"
}

round=0
while [ "$(left 1)" -gt 0 ]; do
    round=$((round + 1))
    echo "== round $round, after $((($(date +%s) - begun) / 60)) minutes"
    turn auroractl-chaos 10 --endless
    # 200 stacks by 8 processes take their time: not begun when there is hardly any left.
    [ "$(left 20)" -lt 20 ] || turn auroractl-load 20 --stacks 200
    turn auroractl-sim 10
done
echo "nothing broke in $round rounds"
