# Keeps what a test process starts from outliving it. The test process holds the other end of this script's standard input;
# when that closes, in whatever way the process ended, every mongod started here is killed and the folder removed.
#
# Arguments: the mongod, and where to make the folder. Prints the folder; then answers each line "<verb> <member>" with a line.
# Verbs: "start", which answers with the pid, and the names of signals.
mongod=$1
# The tests' own PATH may be a strange one.
PATH=$PATH:/usr/bin:/bin
trap '' HUP INT QUIT TERM PIPE
root=$(mktemp -d "$2/longevity-mongod-XXXXXX") || exit 1
echo "$root"

# Its exit file says that a member has ended and been waited for, so that its pid may by now be another's.
signal() {
    [ -e "$2/exit" ] || kill -s "$1" "$(cat "$2/pid")"
}

while read -r verb member; do
    at=$root/$member
    case $verb in
    start)
        rm -f "$at/exit" "$at/pid"
        # By this pipe the pid is known before the next line is read: there is no moment in which a mongod would be missed. A
        # pipe for each start, as a reader of one that is used again may meet the end of the writer before.
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
