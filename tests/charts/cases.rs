//! Realistic and hostile figures, shared by the tests and the gallery.

use floodmark::alert::*;
use floodmark::chart::{self, Figure};
use floodmark::series::{Key, Kind, Level, Role};
use floodmark::time::{Grid, Step};
use std::collections::BTreeSet;

pub const DAY: i64 = 86_400;
pub const ONSET: i64 = 1_696_636_800; // 2023-10-07

/// Noise without a generator: the fractional parts of multiples of an irrational number.
fn noise(i: usize) -> f64 {
    ((i as f64 * 0.754_877_666 + (i * i % 97) as f64 * 0.569_840_29).fract() - 0.5) * 2.0
}

pub fn key(outlet: &str, country: &str, state: &str) -> Key {
    Key { state: state.into(), outlet: outlet.into(), domain: "example.ir".into(), country: country.into() }
}

pub fn alert(key: Key, step: Step, onset: i64, periods: usize, lift: f64) -> Alert {
    let near = |point: f64| Estimate { point, low: point * 0.85, high: point * 1.18 };
    Alert {
        id: format!("{}-{onset}", key.outlet),
        level: Level::Outlet,
        key,
        step,
        onset,
        peak: onset,
        end: onset + (periods.max(1) as i64 - 1) * step.seconds(),
        status: Status::Closed,
        periods,
        observed: 1e5,
        expected: 7e4,
        lift: near(lift),
        excess: 3e4,
        peak_value: 2e4,
        peak_z: 9.0,
        p_value: 1e-4,
        q_value: 0.002,
        change_point: None,
        detectors: Detectors { zscore: true, changepoint: true },
        reference_lift: 0.03,
        net_lift: near(lift * 0.9),
        controls: Vec::new(),
        events: vec![],
        severity: Severity::High,
        flags: BTreeSet::from([Flag::LowBase, Flag::Holiday]),
    }
}

pub fn scored(key: Key, kind: Kind, grid: &Grid, alert: &Alert, level: f64) -> ScoredSeries {
    let n = grid.len;
    let season = |i: usize| {
        let day = (grid.time(i) as f64 / DAY as f64).fract();
        let daily = if grid.step < Step::DAY { 0.4 * (day * std::f64::consts::TAU).sin() } else { 0.0 };
        level * (1.0 + daily + if grid.time(i).div_euclid(DAY) % 7 < 2 { -0.15 } else { 0.05 })
    };
    let raised = |i: usize| (alert.onset..=alert.end).contains(&grid.time(i));
    let expected: Vec<f64> = (0..n).map(|i| if i < 20 { f64::NAN } else { season(i) }).collect();
    let mut observed: Vec<f64> = (0..n)
        .map(|i| season(i) * (1.0 + 0.1 * noise(i) + if raised(i) { 0.5 + 0.2 * noise(i * 3) } else { 0.0 }))
        .collect();
    let mut flags = vec![PeriodFlags::default(); n];
    let surge = (alert.onset - grid.start).div_euclid(grid.step.seconds()).max(0) as usize;
    for (i, flag) in flags.iter_mut().enumerate() {
        let (gap, censored) = (i % 61 < 3 || i % 61 == 4, i % 83 == 7);
        *flag = PeriodFlags::default()
            .with(PeriodFlags::SURGE, raised(i) || (surge > 60 && (surge - 50..surge - 46).contains(&i)))
            .with(PeriodFlags::GAP, gap)
            .with(PeriodFlags::CENSORED, censored);
        if gap || censored {
            observed[i] = f64::NAN;
        }
    }
    let lower = expected.iter().map(|v| v * 0.75).collect();
    let upper = expected.iter().map(|v| v * 1.25).collect();
    let break_at = |index: usize| ChangePoint {
        index,
        low: index.saturating_sub(3),
        high: index + 2,
        before: level,
        after: 1.5 * level,
        p_value: 0.001,
    };
    let change_points = if surge > 0 && surge + 30 < n { vec![break_at(surge), break_at(surge + 30)] } else { vec![] };
    ScoredSeries {
        level: Level::Outlet,
        key,
        role: Role::State,
        kind,
        observed: observed.into(),
        band: Band::Told { expected, lower, upper },
        z: vec![0.0; n],
        flags,
        change_points,
    }
}

pub fn event(date: i64, name: &str) -> Event {
    Event { date, end: None, name: name.into(), states: vec![], countries: vec![], kind: "war".into() }
}

pub fn busy_week() -> Vec<Event> {
    let names = [
        "Hamas attack on Israel",
        "Full siege of Gaza declared by the Israeli minister of defence after a meeting of the cabinet",
        "Hospital blast",
        "Удар по порту Одессы",
        "🔥 Ceasefire talks",
        "هجوم",
        "EU sanctions",
    ];
    names.iter().enumerate().map(|(i, name)| event(ONSET + i as i64 * DAY, name)).collect()
}

fn alerted(outlet: &str, kind: Kind, grid: Grid, periods: usize, level: f64, events: &[Event]) -> Figure {
    let key = key(outlet, "GB", "IR");
    let alert = alert(key.clone(), grid.step, ONSET, periods, 0.42);
    chart::series(&scored(key, kind, &grid, &alert, level), &grid, &alert, events)
}

pub fn index_rows(countries: usize, days: i64) -> Vec<IndexRow> {
    let codes = ["", "US", "GB", "DE", "FR", "IN", "PK", "ZA", "BR", "TR", "ES", "IT", "MX", "CA", "ZZ"];
    let mut rows = Vec::new();
    for (c, code) in codes.iter().take(countries).enumerate() {
        let whose = std::sync::Arc::new(key("", code, "IR"));
        for d in 0..days {
            let time = ONSET - 100 * DAY + d * DAY;
            let up = if (ONSET..ONSET + 20 * DAY).contains(&time) { 60.0 + 8.0 * c as f64 } else { 0.0 };
            let index = if d % 50 == 3 { f64::NAN } else { 100.0 + up + 12.0 * noise(d as usize + 31 * c) };
            let visits = 1e6 / (c + 1) as f64;
            rows.push(IndexRow { time, key: whose.clone(), visits, total: 1e9, share: 1e-3, index });
        }
    }
    rows
}

/// Alerts of outlets whose names are written in all directions.
pub fn scripts() -> Vec<Alert> {
    let names = [
        "Press TV",
        "RT на русском",
        "خبرگزاری تسنیم",
        "پرس‌تی‌وی",
        "العالم",
        "人民日报",
        "新華社",
        "CGTN 中国国际电视台",
        "ไทยรัฐ",
    ];
    let named =
        |(i, name): (usize, &&str)| alert(key(name, "GB", "IR"), Step::DAY, ONSET + i as i64 * 9 * DAY, 12, 0.42);
    names.iter().enumerate().map(named).collect()
}

pub fn in_scripts() -> Vec<Event> {
    vec![event(ONSET, "حمله به اسرائیل (7 October)"), event(ONSET + 20 * DAY, "第三届“一带一路”国际合作高峰论坛")]
}

pub fn many_alerts(n: usize, outlets: usize) -> Vec<Alert> {
    let states = ["IR", "RU", "CN", "TR"];
    let one = |i: usize| {
        let outlet = (i * 7) % outlets;
        let country = ["GB", "US", "DE", "FR", "IN"][(i / outlets) % 5];
        let key = key(&format!("Outlet number {outlet}"), country, states[outlet % 4]);
        let onset = ONSET + ((i * 7919) % 400) as i64 * DAY;
        alert(key, Step::DAY, onset, 1 + i % 12, 0.1 + (i % 40) as f64 * 0.2)
    };
    (0..n).map(one).collect()
}

/// Every case by name.
pub fn all() -> Vec<(&'static str, Figure)> {
    let daily = |days: usize| Grid { start: ONSET - 200 * DAY, step: Step::DAY, len: days };
    let hourly = Grid { start: ONSET - 20 * DAY, step: Step::HOUR, len: 45 * 24 };
    let weekly = Grid { start: Step::WEEK.floor(ONSET) - 100 * 7 * DAY, step: Step::WEEK, len: 200 };
    let long =
        "The International Broadcasting Organisation of the Very Long Name and Its Many Affiliated Local Stations";
    let year = Grid { start: ONSET - 10 * DAY, step: Step::DAY, len: 430 };
    let week = busy_week();
    let half = key("Press TV", "GB", "IR");
    let long_alert = alert(half.clone(), Step::DAY, ONSET, 1800, 0.42);
    let decade = Grid { start: ONSET - 1800 * DAY, step: Step::DAY, len: 3650 };
    let ten_years = chart::series(&scored(half, Kind::Count, &decade, &long_alert, 3e6), &decade, &long_alert, &week);
    let empty = Grid { start: 0, step: Step::DAY, len: 0 };
    let point = Grid { start: ONSET, step: Step::DAY, len: 1 };
    let flat = |value: f64| {
        let alert = alert(key("", "", ""), Step::DAY, ONSET, 3, f64::NAN);
        let mut scored = scored(Key::default(), Kind::Count, &daily(300), &alert, 1.0);
        let all = vec![value; scored.observed.len()];
        scored.band = Band::Told { expected: all.clone(), lower: all.clone(), upper: all.clone() };
        scored.observed = all.into();
        chart::series(&scored, &daily(300), &alert, &[])
    };
    vec![
        ("series_daily", alerted("Press TV", Kind::Count, daily(400), 7, 12_000.0, &week)),
        ("series_long_title", alerted(long, Kind::Share, daily(400), 40, 0.003, &[])),
        ("series_hourly", alerted("RT en Español", Kind::Count, hourly, 30, 900.0, &week)),
        ("series_weekly", alerted("العالم", Kind::Rounded, weekly, 3, 2.5e6, &week)),
        ("series_cyrillic", alerted("RT на русском", Kind::Count, daily(400), 7, 900.0, &week)),
        ("series_persian", alerted("خبرگزاری تسنیم", Kind::Count, daily(400), 7, 900.0, &in_scripts())),
        ("series_chinese", alerted("人民日报", Kind::Count, daily(400), 7, 900.0, &in_scripts())),
        ("series_thai", alerted("ไทยรัฐ", Kind::Count, daily(400), 7, 900.0, &[])),
        ("overview_scripts", chart::overview(&scripts(), &year, &in_scripts())),
        ("series_rank", alerted("РИА Новости", Kind::Rank, daily(400), 7, 400.0, &[])),
        ("series_ten_years", ten_years),
        ("series_no_period", alerted("Press TV", Kind::Count, empty, 7, 1.0, &[])),
        ("series_one_point", alerted("Press TV", Kind::Count, point, 1, 1.0, &[])),
        ("series_all_missing", flat(f64::NAN)),
        ("series_zero", flat(0.0)),
        ("series_constant", flat(5.0)),
        ("series_huge", flat(f64::MAX)),
        ("series_infinite", flat(f64::INFINITY)),
        ("index_one", chart::index(&index_rows(1, 300), "IR", Step::DAY, &[], &week)),
        ("index_four", chart::index(&index_rows(4, 300), "IR", Step::DAY, &many_alerts(12, 12), &week)),
        ("index_twelve", chart::index(&index_rows(15, 300), "IR", Step::DAY, &many_alerts(40, 8), &week)),
        ("index_none", chart::index(&[], "IR", Step::DAY, &[], &week)),
        ("overview_0", chart::overview(&[], &year, &week)),
        ("overview_1", chart::overview(&many_alerts(1, 1), &year, &week)),
        ("overview_40", chart::overview(&many_alerts(40, 40), &year, &week)),
        ("overview_2000", chart::overview(&many_alerts(2000, 60), &year, &week)),
    ]
}
