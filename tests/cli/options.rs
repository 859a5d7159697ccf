//! File, environment, flags: in that order.

use crate::workdir::{Workdir, traffic};

fn option(dir: &Workdir, name: &str) -> serde_json::Value {
    let run: serde_json::Value = serde_json::from_str(&dir.read("out/run.json")).expect("JSON");
    run["options"][name].clone()
}

#[test]
fn the_environment_overrides_the_file_and_flags_override_both() {
    let dir = Workdir::new();
    dir.write("a.csv", traffic(120));
    dir.write(
        "f.toml",
        "input = 'a.csv'\nout = 'out'\nforce = true\ncharts = 'none'\nfdr = 0.1\nseed = 3\ngap = '3d'\n",
    );
    dir.run("analyze --config f.toml").code(0);
    assert_eq!((option(&dir, "fdr"), option(&dir, "seed")), (0.1.into(), 3.into()));
    let mut command = dir.command("analyze --config f.toml --seed 5");
    command.env("FLOODMARK_FDR", "0.2").env("FLOODMARK_SEED", "4").env("FLOODMARK_STATE", "IR,RU");
    assert_eq!(command.status().expect("the program starts").code(), Some(0));
    assert_eq!((option(&dir, "fdr"), option(&dir, "seed")), (0.2.into(), 5.into()));
    assert_eq!((option(&dir, "gap"), option(&dir, "state")), ("3d".into(), serde_json::json!(["IR", "RU"])));
    // A flag of the file can be taken back.
    dir.run("analyze --config f.toml --force=false").code(2).says("--force");
}

#[test]
fn a_wrong_configuration_is_reported_with_its_line() {
    let dir = Workdir::new();
    dir.write("a.csv", traffic(60)).write("f.toml", "fdr = 0.1\nfddr = 0.1\n").write("g.toml", "fdr = [\n");
    dir.run("analyze a.csv --config f.toml").code(2).says("f.toml:2").says("fddr");
    dir.run("analyze a.csv --config g.toml").code(2).says("g.toml:");
    dir.run("analyze a.csv --config absent.toml").code(2).says("absent.toml");
    assert!(!dir.exists("floodmark-out"));
}

#[test]
fn fail_on_turns_alerts_into_code_1() {
    let dir = Workdir::new();
    dir.write("a.csv", traffic(200));
    let options = "--now 2030-01-01 --charts none --force";
    dir.run(&format!("analyze a.csv {options}")).code(0);
    dir.run(&format!("analyze a.csv {options} --fail-on low")).code(1);
    dir.write("calm.csv", traffic(120));
    // Whatever a calm stretch holds, it is nothing to wake somebody for.
    dir.run(&format!("analyze calm.csv {options} --fail-on high")).code(0);
}

#[test]
fn quiet_is_quiet_and_standard_output_is_empty() {
    let dir = Workdir::new();
    dir.write("a.csv", traffic(120));
    let ran = dir.run("analyze a.csv --charts none -q").code(0);
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
    let ran = dir.run("analyze a.csv --charts none --force -v").code(0).says("a.csv: 720 rows");
    assert_eq!(ran.stdout, "");
}

#[test]
fn unknown_domains_are_watched_only_when_asked() {
    let dir = Workdir::new();
    dir.write("a.csv", traffic(120).replace("presstv.ir", "x.example.org").replace("rt.com", "y.example.net"));
    dir.run("analyze a.csv --charts none").code(2).says("--watch all").says("--domains");
    dir.run("analyze a.csv --charts none --watch all").code(0);
    dir.write("mine.csv", "domain,outlet,state,role\nexample.org,Example,IR,state\n");
    dir.run("analyze a.csv --charts none --force --domains mine.csv").code(0);
}

#[test]
fn dates_limit_what_is_read_and_what_is_judged() {
    let dir = Workdir::new();
    dir.write("a.csv", traffic(200));
    let options = "--now 2030-01-01 --charts none --force";
    dir.run(&format!("analyze a.csv {options} --to 2023-10-01")).code(0);
    assert!(dir.read("floodmark-out/run.json").contains("\"last\": \"2023-10-01\""));
    dir.run(&format!("analyze a.csv {options} --from 2023-11-20")).code(0);
    assert!(!dir.read("floodmark-out/alerts.csv").contains("2023-10-0"));
}

#[test]
fn names_that_look_like_formulas_are_disarmed() {
    let dir = Workdir::new();
    dir.write("a.csv", traffic(200));
    dir.write("mine.csv", "domain,outlet,state,role\npresstv.ir,=cmd()|x,IR,state\n");
    dir.run("analyze a.csv --now 2030-01-01 --charts none --domains mine.csv").code(0);
    let alerts = dir.read("floodmark-out/alerts.csv");
    assert!(alerts.contains(",'=cmd()|x,") && !alerts.contains(",=cmd"), "{alerts}");
}

#[test]
fn holidays_are_read_from_files_flag_alerts_and_stand_in_the_record() {
    let dir = Workdir::new();
    dir.write("a.csv", traffic(200));
    // The surge of presstv.ir begins on day 128.
    dir.write("gb.csv", format!("date,country,name\n{},GB,Feast\n", crate::workdir::date(128)));
    dir.run("analyze a.csv --now 2030-01-01 --charts none --out out --holidays gb.csv").code(0);
    let alerts = dir.read("out/alerts.csv");
    let flagged = |country: &str| {
        let row =
            alerts.lines().find(|row| row.contains(&format!(",outlet,IR,Press TV,,{country},"))).expect("an alert");
        row.rsplit(',').next().expect("flags").contains("holiday")
    };
    assert!(flagged("GB") && !flagged("US"), "{alerts}");
    assert_eq!(option(&dir, "holidays"), serde_json::json!(["gb.csv"]));
    dir.write("bad.csv", "date,country,name\n25.12.2023,GB,Christmas\n");
    dir.run("analyze a.csv --out two --holidays bad.csv").code(2).says("bad.csv:2: column 'date'");
    dir.run("analyze a.csv --out two --holidays absent.csv").code(2).says("absent.csv");
}

#[test]
fn an_alert_can_be_asked_to_have_stayed_raised() {
    let dir = Workdir::new();
    dir.write("a.csv", traffic(160));
    let rows = |dir: &Workdir| dir.read("out/alerts.csv").lines().count() - 1;
    for (more, left) in [("", true), (" --persist 7/10", true), (" --persist 40/40", false)] {
        let run = dir.run(&format!("analyze a.csv --out out --charts none --force{more}")).code(0);
        assert_eq!(rows(&dir) > 0, left, "{more}");
        assert_eq!(run.stderr.contains("surges shorter than --persist"), !left, "{}", run.stderr);
        let online = dir.run(&format!("analyze a.csv --out out --charts none --force --online{more}")).code(0);
        assert_eq!(rows(&dir) > 0, left, "{more} --online: {}", online.stderr);
    }
    assert_eq!(option(&dir, "persist"), "40/40");
    dir.run("analyze a.csv --out other --persist 3/2").code(2).says("--persist: '3/2' is not m/n periods");
}
