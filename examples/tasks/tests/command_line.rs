//! Runs the program as a user does, each command as a process of its own, on a file in a temporary folder.
#![expect(clippy::unwrap_used, reason = "a test panics at the first unexpected result")]

use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

const LONG_AGO: &str = "2020-01-01T08:00:00+01:00";

/// A user in a folder of their own, with the default store.
struct User {
    folder: TempDir,
}

impl User {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// A user who has already given these commands.
    fn with(commands: &[&str]) -> Self {
        let user = Self::new();
        for command in commands {
            user.says(command);
        }
        user
    }

    fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tasks"));
        command.args(arguments.split_whitespace()).current_dir(self.folder.path()).env_remove("TASKS_STORE");
        command
    }

    /// What a command that is done says.
    fn says(&self, arguments: &str) -> String {
        let (status, out, err) = outcome(self.command(arguments).output().unwrap());
        assert_eq!((status, &*err), (0, ""), "{arguments}: {out}");
        out
    }

    /// The message of a command that is refused with this exit status. It changes nothing.
    fn is_refused(&self, expected: i32, arguments: &str) -> String {
        let before = self.list();
        let (status, out, err) = outcome(self.command(arguments).output().unwrap());
        assert_eq!((status, &*out), (expected, ""), "{arguments}: {err}");
        assert_eq!(self.list(), before, "{arguments}");
        err
    }

    fn list(&self) -> String {
        self.says("list --all")
    }
}

fn outcome(output: Output) -> (i32, String, String) {
    // Without the spaces that align columns.
    let text = |bytes| {
        let text = String::from_utf8(bytes).unwrap();
        let lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
        lines.collect::<Vec<_>>().join("\n")
    };
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn has_lines(text: &str, lines: &[&str]) {
    for expected in lines {
        assert!(text.lines().any(|line| line == *expected), "no line is {expected:?} in\n{text}");
    }
}

#[test]
fn tasks_of_all_types_are_added_and_listed() {
    let user = User::new();
    assert_eq!(user.says("add buy-paint Buy red paint"), "added buy-paint");
    assert_eq!(user.says("add paint-fence --after buy-paint"), "added paint-fence, which waits for buy-paint");
    let said = user.says("add water Water the plants --every 3d");
    assert_eq!(said, "added water, every 3 days: `tasks coordinate water` makes it start again by itself");
    assert!(user.folder.path().join("tasks.db").is_file());
    let list = user.says("list");
    assert!(list.starts_with("TASK TITLE KIND STATE\n"), "{list}");
    let rows = [
        "buy-paint Buy red paint one-off to do",
        "water Water the plants every 3 days to do",
        "paint-fence waiting after buy-paint (Buy red paint)",
    ];
    has_lines(&list, &rows);
}

#[test]
fn columns_are_aligned_and_nothing_trails() {
    let user = User::with(&["add b A title", "add a-longer-name", "add c Größe --after b"]);
    let output = user.command("list").output().unwrap();
    let list = String::from_utf8(output.stdout).unwrap();
    let column = |line: &str, word: &str| {
        let position = line.find(word).unwrap_or_else(|| panic!("{word} is not in {line}"));
        line[..position].chars().count()
    };
    let lines: Vec<_> = list.lines().collect();
    let kinds = [(0, "KIND"), (2, "one-off"), (3, "one-off"), (4, "waiting")];
    let columns: Vec<_> = kinds.iter().map(|(line, kind)| column(lines[*line], kind)).collect();
    assert!(columns.iter().all(|column| *column == columns[0]), "{list}");
    assert!(lines.iter().all(|line| line.trim_end() == *line), "{list}");
}

#[test]
fn a_new_task_is_refused_if_it_cannot_be() {
    let user = User::with(&["add water --every 3d"]);
    let refused = user.is_refused(1, "add water");
    assert_eq!(refused, "error: there is a task water already: choose another name");
    let refused = user.is_refused(1, "add paint-fence --after buy-paint");
    assert_eq!(refused, "error: there is no task buy-paint: `tasks list --all` shows all tasks");
    assert!(user.is_refused(1, "add a --after a").contains("a cannot wait for itself"));
    assert!(user.is_refused(2, "add a --every 3x").contains("an interval is a number and a unit: `30min`"));
    assert!(user.is_refused(2, "add a --every 3d --after water").contains("cannot be used with"));
    let two_words = user.command("add").arg("two words").output().unwrap();
    assert!(outcome(two_words).2.contains("a name is one word of at most 60 characters"));
}

#[test]
fn control_characters_of_a_title_reach_no_terminal() {
    let user = User::new();
    let added = user.command("add paint").arg("Red\u{1b}[2J\n\tand blue").output().unwrap();
    assert_eq!(outcome(added).0, 0);
    has_lines(&user.list(), &["paint Red[2J and blue one-off to do"]);
}

#[test]
fn what_waited_for_a_task_is_ready_when_it_is_done() {
    let user = User::with(&["add paint", "add fence --after paint", "add door --after paint", "add sell --after door"]);
    let refused = user.is_refused(1, "done fence");
    assert_eq!(refused, "error: fence waits for paint: do that first (`tasks done paint`)");
    assert_eq!(user.says("done paint"), "done: paint; door, fence are ready now");
    let rows = ["door one-off to do", "fence one-off to do", "sell waiting after door", "paint one-off done just now"];
    has_lines(&user.list(), &rows);
    assert!(!user.says("list").contains("paint"));
    assert_eq!(user.is_refused(1, "done paint"), "error: paint is done already: `tasks rm paint` removes it");
    assert!(user.is_refused(1, "done nothing").contains("there is no task nothing"));
    // What has to wait for nothing does not wait.
    assert_eq!(user.says("add gate --after paint"), "added gate, which need not wait: paint is done");
    assert_eq!(user.says("done gate"), "done: gate");
}

#[test]
fn a_recurring_task_starts_again_when_its_coordinator_says_so() {
    let user = User::with(&["add water --every 3d", "add tea --every 12h", "add drink --after tea"]);
    assert_eq!(user.says("kick-off"), "nothing is due");
    assert_eq!(user.says("coordinate water"), "water starts again every 3 days; next in 3 days");
    let said = user.says(&format!("coordinate tea --at {LONG_AGO}"));
    assert_eq!(said, "tea starts again every 12 hours; next now (`tasks kick-off`)");

    assert_eq!(user.says("done tea"), "done: tea; drink is ready now");
    has_lines(&user.list(), &["tea every 12 hours done; next now (`tasks kick-off`)"]);
    assert!(user.is_refused(1, "done tea").contains("`tasks kick-off tea` starts it again"));
    let said = user.says("kick-off");
    assert!(said.starts_with("started tea; next in "), "{said}");
    // Starts that were missed in all these years are not made up for.
    assert_eq!(user.says("kick-off"), "nothing is due");
    let list = user.list();
    let (tasks, coordinators) = list.split_once("\n\n").unwrap();
    has_lines(tasks, &["tea every 12 hours to do"]);
    assert!(coordinators.starts_with("COORDINATOR OF TITLE LAST KICK-OFF NEXT KICK-OFF STATE OF THE TASK\n"), "{list}");
    assert!(
        coordinators.lines().any(|line| line.starts_with("tea just now in ") && line.ends_with(" to do")),
        "{list}"
    );
    has_lines(coordinators, &["water never in 3 days to do"]);

    // One task, before its time.
    assert_eq!(user.says("kick-off water"), "water is still open from before; next in 3 days");
    user.says("done water");
    assert_eq!(user.says("kick-off water"), "started water; next in 3 days");
}

#[test]
fn a_coordinator_is_refused_if_it_has_nothing_to_decide() {
    let user = User::with(&["add paint", "add water --every 3d"]);
    for command in ["coordinate paint", "kick-off paint"] {
        let refused = user.is_refused(1, command);
        assert!(refused.starts_with("error: paint is not a recurring task"), "{refused}");
    }
    for command in ["kick-off water", "coordinate water --stop"] {
        let refused = user.is_refused(1, command);
        assert_eq!(refused, "error: water has no coordinator: `tasks coordinate water` gives it one");
    }
    for command in ["kick-off nothing", "coordinate nothing", "coordinate nothing --stop"] {
        assert!(user.is_refused(1, command).contains("there is no task nothing"));
    }
    assert!(user.is_refused(2, "coordinate water --at tomorrow").contains("not an RFC 3339 timestamp"));
}

/// Six programs give the task `water` a coordinator at the same time. Afterwards there is one.
fn many_coordinate_at_once(user: &User, store: &str) {
    let command = |arguments: &str| {
        let mut command = user.command(arguments);
        command.env("TASKS_STORE", store);
        command
    };
    let all: Vec<_> = (0..6).map(|_| command("coordinate water").stdout(Stdio::null()).spawn().unwrap()).collect();
    for mut one in all {
        assert!(one.wait().unwrap().success());
    }
    let list = outcome(command("list").output().unwrap()).1;
    assert_eq!(list.lines().filter(|line| line.contains("never in 3 days")).count(), 1, "{list}");
}

#[test]
fn a_task_has_one_coordinator_even_if_many_give_it_one_at_once() {
    let user = User::with(&["add water --every 3d"]);
    many_coordinate_at_once(&user, "sqlite:tasks.db");
    assert_eq!(user.says("coordinate water --stop"), "water no longer starts again by itself");
    assert!(!user.list().contains("COORDINATOR"));
}

#[test]
fn coordinators_and_waiting_tasks_follow_a_new_name() {
    let user = User::with(&["add water --every 3d", "add rest --after water", "add tea --after water"]);
    user.says(&format!("coordinate water --at {LONG_AGO}"));
    let said = user.says("rename water plants");
    assert_eq!(said, "water is plants now, also for 2 tasks that wait for it and for its coordinator");
    let list = user.list();
    has_lines(&list, &["rest waiting after plants", "tea waiting after plants"]);
    has_lines(&list, &["plants never now (`tasks kick-off`) to do"]);
    assert!(!list.contains("water"), "{list}");

    // The references are as good as before: both lead to the task.
    assert_eq!(user.says("done plants"), "done: plants; rest, tea are ready now");
    assert!(user.says("kick-off").starts_with("started plants; next in "));
    assert_eq!(user.says("rename rest sleep"), "rest is sleep now");
}

#[test]
fn a_new_name_is_refused_if_it_is_taken() {
    let user = User::with(&["add water", "add plants"]);
    for command in ["rename water plants", "rename plants plants"] {
        assert_eq!(user.is_refused(1, command), "error: there is a task plants already: choose another name");
    }
    assert!(user.is_refused(1, "rename nothing something").contains("there is no task nothing"));
}

#[test]
fn a_task_for_which_others_wait_is_not_removed_without_them() {
    let user =
        User::with(&["add paint", "add fence --after paint", "add door --after paint", "add sell --after fence"]);
    let refused = user.is_refused(1, "rm paint");
    let expected = "error: paint cannot be removed, because door, fence wait for it: do it (`tasks done paint`), or remove \
                    all that would wait in vain (`tasks rm paint door fence sell`)";
    assert_eq!(refused, expected);
    let refused = user.is_refused(1, "rm paint door fence");
    assert!(refused.starts_with("error: fence cannot be removed, because sell waits for it: "), "{refused}");
    assert!(user.is_refused(1, "rm sell nothing").contains("there is no task nothing"));
    assert_eq!(user.says("rm paint door fence sell sell"), "removed door, fence, paint, sell");
    assert!(user.list().starts_with("there are no tasks here"));
}

#[test]
fn a_coordinator_is_removed_with_its_task() {
    let user = User::with(&["add water --every 3d", "add tea --every 1d", "coordinate water", "coordinate tea"]);
    assert_eq!(user.says("rm water"), "removed water and a coordinator");
    let list = user.list();
    assert!(!list.contains("water"), "{list}");
    has_lines(&list, &["tea never in 1 day to do"]);
    assert_eq!(user.says("rm tea"), "removed tea and a coordinator");
}

#[test]
fn a_damaged_store_is_verified_and_mended() {
    let user = User::with(&["add paint", "add fence --after paint", "add water --every 3d", "coordinate water"]);
    assert_eq!(user.says("verify"), "everything is as it should be");
    let shell = rusqlite::Connection::open(user.folder.path().join("tasks.db")).unwrap();
    let damage = "DELETE FROM task WHERE name IN ('paint', 'water')";
    assert_eq!(shell.execute_batch(damage).unwrap_err().to_string(), "FOREIGN KEY constraint failed");
    shell.execute_batch(&format!("PRAGMA foreign_keys = OFF; {damage}")).unwrap();
    let (status, _, damage) = outcome(user.command("verify").output().unwrap());
    assert_eq!(status, 1);
    assert!(damage.contains("refers to the Recurring \"water\", which does not exist leave"), "{damage}");
    assert!(damage.contains("refers to the Task \"paint\", which does not exist leave"), "{damage}");
    let (status, _, left) = outcome(user.command("verify --fix").output().unwrap());
    assert!(status == 1 && left.starts_with("error: mended: 0; this is left:"), "{left}");
    assert_eq!(user.says("verify --fix --delete"), "mended: 2; nothing else is wrong");
    assert_eq!(user.says("verify"), "everything is as it should be");
    assert!(user.list().starts_with("there are no tasks here"), "{}", user.list());
}

#[test]
fn the_store_may_be_elsewhere() {
    let user = User::with(&["add here"]);
    assert_eq!(user.says("--store sqlite:other.db add there"), "added there");
    let list = outcome(user.command("list").env("TASKS_STORE", "sqlite:other.db").output().unwrap()).1;
    assert!(list.contains("there") && !list.contains("here one-off to do\nthere"), "{list}");
    has_lines(&user.list(), &["here one-off to do"]);
    assert!(user.says("list --store mem:").starts_with("nothing is to be done"));
}

#[test]
fn a_store_that_cannot_be_used_is_exit_status_two() {
    let user = User::new();
    for (store, problem) in [
        ("sqlite:.", "cannot open .: it is a directory"),
        ("sqlite:no/such/folder.db", "its directory does not exist"),
        ("oracle:tasks", "this program knows `mem:`,"),
    ] {
        let refused = user.is_refused(2, &format!("list --store {store}"));
        assert!(refused.starts_with("error: ") && refused.contains(problem), "{store}: {refused}");
    }
}

#[test]
fn a_reader_that_has_read_enough_is_not_a_problem() {
    let user = User::with(&["add paint"]);
    let mut list = user.command("list").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(list.stdout.take());
    let output = list.wait_with_output().unwrap();
    assert_eq!((output.status.code(), &*output.stderr), (Some(0), &b""[..]));
}

#[cfg(feature = "mongo")]
#[test]
fn tasks_may_be_in_mongodb() {
    if longevity_mongod::left_out() {
        return println!("tasks in MongoDB: LEFT OUT because of `LONGEVITY_WITHOUT=mongodb`");
    }
    let server = longevity_mongod::Server::start().unwrap();
    let user = User::new();
    let store = server.uri_of("tasks_command_line");
    let says = |arguments: &str| outcome(user.command(arguments).env("TASKS_STORE", &store).output().unwrap());
    for command in ["add water --every 3d", "add rest --after water"] {
        let (status, _, err) = says(command);
        assert_eq!(status, 0, "{command}: {err}");
    }
    many_coordinate_at_once(&user, &store);
    assert_eq!(
        says("rename water plants").1,
        "water is plants now, also for 1 task that waits for it and for its coordinator"
    );
    let (status, _, err) = says("rm plants");
    assert!(status == 1 && err.contains("rest waits for it"), "{err}");
    assert_eq!(says("done plants").1, "done: plants; rest is ready now");
    assert_eq!(says("rm plants").1, "removed plants and a coordinator");
    has_lines(&says("list").1, &["rest one-off to do"]);
}
