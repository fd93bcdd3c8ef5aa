struct Trial { name: &'static str, ok: bool, ignored: bool }
const TRIALS: &[Trial] = &[
@TRIALS@
];
const JSON: bool = @JSON@;

struct Fixture;
impl Drop for Fixture { fn drop(&mut self) { @DROP@ } }
@LATE@

fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn main() {
    let (mut list, mut exact, mut json, mut all, mut only) = (false, false, false, false, false);
    let mut filters = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--list" => list = true,
            "--exact" => exact = true,
            "--include-ignored" => all = true,
            "--ignored" => only = true,
            "--" | "--nocapture" | "--quiet" | "-q" | "--test" => {}
            "-Z" | "--test-threads" | "--color" | "--logfile" => { arguments.next(); }
            "--format" => json = arguments.next().as_deref() == Some("json"),
            other if other.starts_with("--test-threads=") || other.starts_with("--color=") => {}
            other if other.starts_with('-') => refuse(other),
            _ => filters.push(argument),
        }
    }
    if json && !JSON { refuse("--format json"); }
    let chosen: Vec<&Trial> = TRIALS
        .iter()
        .filter(|trial| {
            filters.is_empty()
                || filters.iter().any(|f| if exact { trial.name == f } else { trial.name.contains(f.as_str()) })
        })
        .filter(|trial| !only || trial.ignored)
        .collect();
    if list {
        for trial in &chosen { println!("{}: test", trial.name); }
        return;
    }
    let fixture = Fixture;
    let (mut passed, mut failed, mut ignored) = (0, 0, 0);
    if json {
        println!(r#"{{ "type": "suite", "event": "started", "test_count": {} }}"#, chosen.len());
    } else {
        println!("\nrunning {} tests", chosen.len());
    }
    for trial in &chosen {
        let name = quoted(trial.name);
        let skip = trial.ignored && !all && !only;
        let (event, word) = if skip { ("ignored", "ignored") } else if trial.ok { ("ok", "ok") } else { ("failed", "FAILED") };
        match event { "ok" => passed += 1, "failed" => failed += 1, _ => ignored += 1 }
        if json {
            println!(r#"{{ "type": "test", "event": "started", "name": "{name}" }}"#);
            println!(r#"{{ "type": "test", "name": "{name}", "event": "{event}" }}"#);
        } else {
            println!("test {} ... {word}", trial.name);
        }
    }
    let out = TRIALS.len() - chosen.len();
    if json {
        let event = if failed == 0 { "ok" } else { "failed" };
        println!(r#"{{ "type": "suite", "event": "{event}", "passed": {passed}, "failed": {failed}, "ignored": {ignored}, "measured": 0, "filtered_out": {out}, "exec_time": 0.001 }}"#);
    } else {
        let word = if failed == 0 { "ok" } else { "FAILED" };
        println!("\ntest result: {word}. {passed} passed; {failed} failed; {ignored} ignored; 0 measured; {out} filtered out; finished in 0.00s\n");
    }
    @END@
    drop(fixture);
    if failed > 0 { std::process::exit(101); }
}

fn refuse(argument: &str) {
    eprintln!("error: unexpected argument '{argument}' found");
    std::process::exit(2);
}
