# Starts servers for a test process, and keeps them from outliving it. The test process holds the other end of this script's
# standard input. When that closes, however the process ended, the script kills every mongod that it started and removes the
# folder.
#
# The arguments are the mongod and the place for the folder. The script prints the folder, and then answers each line
# "<verb> <member>" with a line. The verbs are "start", which is answered with the pid, and the names of signals.
mongod=$1
# The PATH of the tests may lack the usual folders.
PATH=$PATH:/usr/bin:/bin
trap '' HUP INT QUIT TERM PIPE
root=$(mktemp -d "$2/longevity-mongod-XXXXXX") || exit 1
echo "$root"

# A member's exit file says that the member has ended and was waited for, so its pid may now belong to another process.
signal() {
    [ -e "$2/exit" ] || kill -s "$1" "$(cat "$2/pid")"
}

while read -r verb member; do
    at=$root/$member
    case $verb in
    start)
        rm -f "$at/exit" "$at/pid"
        # Through this pipe the pid is known before the next line is read, so a mongod is never missed. Each start has a pipe of
        # its own, because a reader of a reused pipe could read the end of file of the writer before.
        mkfifo "$at/start" || { echo "no pipe"; continue; }
        {
            "$mongod" --config "$at/mongod.conf" </dev/null >"$at/output" 2>&1 &
            echo $! >"$at/start"
            wait $!
            echo $? >"$at/exit.new"
            mv "$at/exit.new" "$at/exit"
        } &
        read -r pid <"$at/start"
        rm -f "$at/start"
        echo "$pid" >"$at/pid"
        echo "$pid"
        ;;
    *)
        signal "$verb" "$at"
        echo done
        ;;
    esac
done

for at in "$root"/*/; do
    if [ -e "$at/pid" ]; then signal KILL "$at"; fi
done
wait
rm -rf "$root"
