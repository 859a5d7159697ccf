use floodmark::{evaluate, pipeline, recipe, simulate};
use std::time::Instant;
fn main() {
    let r = recipe::parse(&std::fs::read_to_string("datasets/sample/recipe.toml").unwrap()).unwrap();
    let s = simulate::simulate(&r).unwrap();
    let t = Instant::now();
    let ev = vec![floodmark::alert::Event {
        date: 1696636800,
        end: None,
        name: "war".into(),
        states: vec![],
        countries: vec![],
        kind: "war".into(),
    }];
    let a = pipeline::analyze(&s.panel, &ev, &pipeline::Options::default(), &|_, _| {}).unwrap();
    println!(
        "{:?} alerts {} drops {} series {} counts {:?} groups {:?}",
        t.elapsed(),
        a.alerts.len(),
        a.drops.len(),
        a.series.len(),
        a.counts,
        a.groups
    );
    let d = |t: i64| {
        let days = t / 86400 - 19539;
        format!("{:+}", days)
    };
    for x in &a.alerts {
        println!(
            "{:7} {:3} {:20} {:3} on {} pk {} end {} {:?} n {} lift {:+.2} [{:+.2},{:+.2}] ref {:+.2} net {:+.2} [{:+.2},{:+.2}] p {:.1e} q {:.1e} {:?} {:?} cp {:?} {:?}",
            x.level.name(),
            x.key.state,
            x.key.outlet,
            x.key.country,
            d(x.onset),
            d(x.peak),
            d(x.end),
            x.status,
            x.periods,
            x.lift.point,
            x.lift.low,
            x.lift.high,
            x.reference_lift,
            x.net_lift.point,
            x.net_lift.low,
            x.net_lift.high,
            x.p_value,
            x.q_value,
            x.severity,
            x.flags,
            x.change_point.map(|c| d(c.at)),
            x.events.len()
        );
    }
    println!("DROPS");
    for x in &a.drops {
        println!(
            "{:7} {:20} {:3} on {} end {} lift {:+.2} p {:.1e} q {:.1e} {:?}",
            x.level.name(),
            x.key.outlet,
            x.key.country,
            d(x.onset),
            d(x.end),
            x.lift.point,
            x.p_value,
            x.q_value,
            x.flags
        );
    }
    for l in a.index_lifts.iter().filter(|l| l.state == "IR") {
        println!(
            "INDEX {} {} {:?} {:+.3} [{:+.3},{:+.3}] p {:.3} n {}",
            l.state, l.country, l.window, l.lift.point, l.lift.low, l.lift.high, l.p_value, l.n_placebo
        );
    }
    let f: Vec<_> = a.alerts.iter().map(evaluate::Finding::from).collect();
    let e = evaluate::evaluate(&f, &s.truth, &evaluate::Rule::default());
    println!("{}", evaluate::table(&e));
}
