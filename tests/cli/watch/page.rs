//! The page of open alerts: made by every run that has something new to show, the same from the same store, never in
//! the way of what is to be told.

use super::Job;

const PAGE: &str =
    "[watch]\nname = 'desk'\nreport = 'public/open.html'\n\n[[deliver]]\nkind = 'csv'\npath = 'told.csv'\n";

fn job(days: usize, more: &str) -> Job {
    let job = Job::new(days, &format!("{PAGE}{more}"));
    std::fs::create_dir(job.dir.path("public")).expect("a folder");
    job
}

/// A table that the page carries.
fn table(page: &str, name: &str) -> Vec<String> {
    let data = page.split_once(&format!("id=\"data-{name}\">")).and_then(|(_, rest)| rest.split_once("</script>"));
    let text: String = serde_json::from_str(data.unwrap_or_else(|| panic!("no {name}")).0).expect("JSON");
    text.lines().skip(1).map(str::to_string).collect()
}

#[test]
fn the_page_shows_what_is_open_with_charts_and_then_that_it_is_over() {
    let job = job(150, "");
    job.arrive(0..131).run(130).code(0);
    let page = job.dir.read("public/open.html");
    let open: Vec<String> = job.dir.run("watch --export csv").stdout.lines().skip(1).map(str::to_string).collect();
    assert!(open.len() >= 3 && open.iter().all(|row| row.contains(",open,")), "{open:?}");
    assert_eq!(table(&page, "alerts"), open);
    assert_eq!(table(&page, "transitions").len(), job.dir.read("told.csv").lines().count() - 1);
    for row in &open {
        let id = row.split(',').next().expect("an id");
        assert!(page.contains(&format!("id=\"alert-{id}\"")) && page.contains(&format!("data-chart=\"chart-{id}\"")));
    }
    assert!(page.contains("What the job desk has open, data up to 2023-10-09"), "the head of the page");
    let words = page.split_once("<main>").and_then(|(_, rest)| rest.split_once("</main>")).expect("the words").0;
    assert!(words.contains("still open at the end of the data") && !words.contains("NaN"), "{words}");

    job.arrive(131..150).run(149).code(0);
    let page = job.dir.read("public/open.html");
    assert!(page.contains("No surge is open.") && !page.contains("id=\"alert-"));
    assert!(table(&page, "alerts").iter().all(|row| row.contains(",closed,")));
    let changes = table(&page, "transitions");
    assert!(changes[0].contains(",closed,") && changes[changes.len() - 1].contains(",opened,"), "the newest first");
    assert!(job.dir.entries("public") == ["open.html"], "nothing half written is left");
}

#[test]
fn the_same_store_makes_the_same_page() {
    let job = job(140, "");
    job.arrive(0..131).run(130).code(0);
    let first = job.dir.read("public/open.html");
    let written = |job: &Job| std::fs::metadata(job.dir.path("public/open.html")).and_then(|file| file.modified());
    let then = written(&job).expect("a time");
    job.run(130).code(0);
    assert_eq!(written(&job).expect("a time"), then, "written again without news");
    std::fs::remove_file(job.dir.path("public/open.html")).expect("there");
    job.run(130).code(0);
    assert!(job.dir.read("public/open.html") == first, "made again from the store, it is another");
    // A day at a time, beyond the day on which the walks are saved: the stretch shown moves with the data alone.
    for day in 131..140 {
        job.arrive(day..day + 1).run(day).code(0);
        let with_news = job.dir.read("public/open.html");
        std::fs::remove_file(job.dir.path("public/open.html")).expect("there");
        job.run(day).code(0);
        assert!(job.dir.read("public/open.html") == with_news, "day {day}");
    }
}

#[test]
fn silence_stands_in_the_page() {
    let job = job(131, "");
    job.arrive(0..131).run(130).code(0);
    assert!(!job.dir.read("public/open.html").contains("The data have stopped"));
    job.run(136).code(2);
    assert!(job.dir.read("public/open.html").contains("The data have stopped"));
}

#[test]
fn a_page_that_cannot_be_written_keeps_nobody_from_being_told() {
    let job = job(131, "");
    std::fs::remove_dir(job.dir.path("public")).expect("empty");
    job.arrive(0..131);
    job.dir.run("watch --check --now 2023-10-10").code(2).says("report: ").says("public/open.html: cannot write");
    job.run(130).code(2).says("the page of open alerts").says("public/open.html");
    assert!(job.dir.read("told.csv").contains(",opened,"));
}

#[test]
fn names_in_the_page_are_text_and_a_folder_is_no_page() {
    let name = "<script>alert(1)</script>";
    let job = job(131, "\n[analysis]\ndomains = 'mine.csv'\n");
    let head = "domain,outlet,state,role,control,language,from,until,source";
    job.dir.write("mine.csv", format!("{head}\npresstv.ir,{name},IR,state,state-owned,en,,,https://example.org/\n"));
    job.arrive(0..131).run(130).code(0);
    let page = job.dir.read("public/open.html");
    assert!(page.contains("&lt;script&gt;alert(1)") && !page.contains(name));

    let config = job.dir.read("floodmark.toml").replace("public/open.html", "public");
    job.dir.write("floodmark.toml", config);
    job.run(130).code(2).says("[watch] report = 'public': expected a file whose name ends in .html");
}
