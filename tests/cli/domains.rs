//! Looking a host up, comparing registries, importing published lists.

use crate::workdir::Workdir;
use std::path::Path;

#[test]
fn a_host_is_looked_up_on_a_day() {
    let dir = Workdir::new();
    let said = dir.run("domains lookup https://www.presstv.ir/Detail --on 2023-10-07").code(0).stdout;
    for text in ["presstv.ir", "Press TV", "IR", "state-owned", "2023-10-07"] {
        assert!(said.contains(text), "{said}");
    }
    dir.run("domains lookup presstv.com --on 2021-06-22").code(0);
    dir.run("domains lookup presstv.com --on 2021-06-23").code(2).says("not on 2021-06-23").says("until 2021-06-22");
    dir.run("domains lookup example.org").code(2).says("example.org: not in the registry");
    dir.run("domains lookup a..b").code(2).says("not a host");
    dir.run("domains lookup rt.com --on yesterday").code(2).says("--on 'yesterday'");
    dir.write("mine.csv", "domain,outlet,state,role\nexample.org,Example,IR,state\n");
    assert!(dir.run("domains lookup m.example.org --domains mine.csv").code(0).stdout.contains("Example"));
}

#[test]
fn registries_are_compared_row_by_row() {
    let dir = Workdir::new();
    let header = "domain,outlet,state,role,control,language,from,until,source\n";
    dir.write("a.csv", format!("{header}a.com,A,IR,state,,,,,x\nb.com,B,IR,state,,,,,x\nc.com,C,RU,state,,,,,x\n"));
    dir.write(
        "b.csv",
        format!("{header}a.com,A,IR,state,,,,,x\nb.com,B,RU,state,,,,2022,x\nd.com,=D,CN,state,,,,,x\n"),
    );
    let said = dir.run("domains diff a.csv b.csv").code(0).says("1 added, 1 removed, 1 changed").stdout;
    let rows: Vec<&str> = said.lines().skip(1).collect();
    assert_eq!(rows[0], "changed,b.com,B,RU,state,,,,2022-12-31,x,state: IR; until: (none)");
    assert_eq!(rows[1], "removed,c.com,C,RU,state,,,,,x,");
    // A name that a spreadsheet would run is disarmed.
    assert_eq!(rows[2], "added,d.com,'=D,CN,state,,,,,x,");
    let same = dir.run("domains diff builtin builtin").code(0).stdout;
    assert_eq!(same.lines().count(), 1);
    dir.run("domains diff builtin absent.csv").code(2).says("absent.csv");
}

#[test]
fn a_list_becomes_a_registry_that_passes_the_check() {
    let dir = Workdir::new();
    dir.write(
        "matrix.csv",
        "Region,Country,Media company,Main assets,URL,Typology,Status,Notes\n\
         Asia,Iran,IRIB,Some TV,https://some-tv.example.ir/en/,SC,,\n\
         Asia,China,Group,\"=cmd|' /C calc'!A0\",https://daily.example.cn,CaPr,,\n\
         Asia,Iran,IRIB,PressTV,https://www.presstv.com,SC,,\n\
         Europe,Russia,X,BBC,https://bbc.co.uk,SC,,\n\
         Asia,Nowhere,X,Y,https://y.org,SC,,\nAsia,Iran,Z,Z,,SC,,\n",
    );
    dir.run("domains import matrix.csv -o mine.csv --unmapped left.csv")
        .code(0)
        .says("ASD State Media Matrix: 3 domains, 3 rows not mapped")
        .says("1 domains that the built-in registry knows keep its names and dates")
        .says("1 rows: no address");
    let mine = dir.read("mine.csv");
    assert!(
        mine.contains("example.ir,Some TV,IR,state,state-owned,,,,\"ASD State Media Matrix, line 2 (SC)\""),
        "{mine}"
    );
    assert!(mine.contains(",'=cmd|"), "{mine}");
    // What is known better is not lost: the name and the day of the seizure.
    assert!(mine.contains("presstv.com,Press TV,IR,state,state-owned,en+fr,2007-01-01,2021-06-22,"), "{mine}");
    let left = dir.read("left.csv");
    let left: Vec<&str> = left.lines().collect();
    assert_eq!(left[1], "5,bbc.co.uk,the built-in registry says otherwise,\"BBC (GB, reference)\"");
    assert_eq!(left[2], "6,https://y.org,a country that is not known,Nowhere");
    dir.run("domains check mine.csv").code(0);
    dir.run("domains import matrix.csv -o mine.csv").code(2).says("--force");
    dir.run("domains import matrix.csv -o mine.csv --force").code(0);
    dir.write("odd.csv", "a,b\n1,2\n");
    dir.run("domains import odd.csv -o other.csv").code(2).says("odd.csv").says("State Media Matrix");
    assert!(!dir.exists("other.csv"));
}

#[test]
fn the_published_lists_are_imported_whole() {
    let lists = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/domain_lists");
    if !lists.is_dir() {
        eprintln!("skipped: {} is absent", lists.display());
        return;
    }
    let dir = Workdir::new();
    // Rows of each list; those that cannot be mapped have a reason each.
    for (list, rows, least) in
        [("asd_state_media_matrix", 1157, 800), ("asd_sites_of_concern", 7747, 300), ("dima_io_domains", 942, 750)]
    {
        let file = lists.join(format!("{list}.csv"));
        dir.run(&format!("domains import {} -o {list}.csv --unmapped left-{list}.csv", file.display())).code(0);
        dir.run(&format!("domains check {list}.csv")).code(0);
        let entries = dir.read(&format!("{list}.csv")).lines().count() - 1;
        assert!((least..=rows).contains(&entries), "{list}: {entries} domains");
        let left = dir.read(&format!("left-{list}.csv"));
        let lines: Vec<&str> = left.lines().skip(1).collect();
        assert!(lines.len() < rows && lines.iter().all(|line| line.split(',').count() >= 4), "{list}");
    }
}
