//! The tables of a result folder: names and order of their columns, and the cells of each row.

pub(super) mod measured;

use super::cell::{Cell, push_csv_row, push_json_open};
use crate::alert::{
    Alert, Attribution, ContributionRow, ControlRow, Estimate, Group, IndexRow, LiftRow, PeriodFlags, RatioRow,
    ScoredSeries, Status, Told,
};
use crate::measure::confounder::Judgement;
use crate::series::{Key, Role};
use crate::time::{Grid, Step};
use std::io::{self, Write};

/// Columns of `alerts.csv`, `alerts.jsonl` and `drops.csv`.
pub const ALERTS: &str = "alert_id,level,state,outlet,domain,country,granularity,onset,peak,end,status,periods,\
    observed,expected,lift_pct,lift_low_pct,lift_high_pct,excess,peak_value,peak_z,p_value,q_value,\
    change_point,change_point_low,change_point_high,detectors,reference_lift_pct,net_lift_pct,net_low_pct,\
    net_high_pct,event,event_date,event_lag,severity,flags";

/// Columns of `index.csv`.
pub const INDEX: &str = "timestamp,state,country,visits,total,share,index";

/// Columns of `lifts.csv`.
pub const LIFTS: &str = "event,event_date,state,outlet,country,window,from,to,baseline_from,baseline_to,base_level,\
    observed,expected,lift_pct,low_pct,high_pct,pp_change,net_lift_pct,net_low_pct,net_high_pct,p_value,n_placebo";

/// Columns of `groups.csv`.
pub const GROUPS: &str = "group_id,outlets,states,onset_from,onset_to,p_value,q_value";

/// Columns of `attributions.csv`.
pub const ATTRIBUTIONS: &str = "alert_id,event,event_date,lag_days,coincidence";

/// Columns of `confounders.csv`.
pub const CONFOUNDERS: &str = "alert_id,kind,from,until,country,domain,evidence,source";

/// Columns of `placebos.csv`.
pub const PLACEBOS: &str = "event,event_date,state,outlet,country,window,lift_pct,p_time,n_time,p_space,n_space";

/// Columns of `controls.csv`.
pub const CONTROLS: &str = "alert_id,event,event_date,state,outlet,country,window,control,weight,status,moved_pct,\
    moved_spreads,reason";

/// Columns of `contributions.csv`.
pub const CONTRIBUTIONS: &str = "event,event_date,state,country,window,outlet,observed,expected,contribution_pp";

/// Columns of `ratios.csv`.
pub const RATIOS: &str = "event,event_date,state,country,against,window,ratio_before,ratio_after,change_pct,low_pct,\
    high_pct";

/// Columns of `series.csv` and `series.parquet`.
pub const SERIES: &str = "level,state,outlet,domain,country,role,kind,timestamp,observed,expected,lower,upper,z,\
    segment,flags";

/// Writes alerts (or drops) as CSV, the header even when there are none.
pub fn alerts_csv(out: &mut impl Write, alerts: &[Alert]) -> io::Result<()> {
    table(out, ALERTS, alerts.iter().map(alert_cells))
}

/// Writes alerts as one JSON object a line: the columns of the CSV, and in `events` every candidate event.
pub fn alerts_jsonl(out: &mut impl Write, alerts: &[Alert]) -> io::Result<()> {
    let mut line = Vec::new();
    for alert in alerts {
        line.clear();
        push_json_open(&mut line, ALERTS, &alert_cells(alert));
        line.extend_from_slice(b",\"events\":[");
        for (i, event) in alert.events.iter().enumerate() {
            if i > 0 {
                line.push(b',');
            }
            push_event(&mut line, event);
        }
        line.extend_from_slice(b"]}\n");
        out.write_all(&line)?;
    }
    Ok(())
}

/// Columns of `transitions.csv` before those of the alert.
pub const TRANSITIONS: &str = "key,change,period,";

/// Writes what would have been told, in order: the step, then the alert as it stood.
pub fn transitions_csv(out: &mut impl Write, told: &[Told]) -> io::Result<()> {
    table(out, &format!("{TRANSITIONS}{ALERTS}"), told.iter().map(transition_cells))
}

/// Writes the index table.
pub fn index_csv(out: &mut impl Write, rows: &[IndexRow], step: Step) -> io::Result<()> {
    let cells = |row| index_cells(row, step);
    table(out, INDEX, rows.iter().map(cells))
}

/// Writes the lifts after dated events.
pub fn lifts_csv(out: &mut impl Write, rows: &[LiftRow], step: Step) -> io::Result<()> {
    let cells = |row| lift_cells(row, step);
    table(out, LIFTS, rows.iter().map(cells))
}

/// Writes the groups of outlets that rose together; lists are joined by `|`.
pub fn groups_csv(out: &mut impl Write, rows: &[Group], step: Step) -> io::Result<()> {
    let cells = |row| group_cells(row, step);
    table(out, GROUPS, rows.iter().map(cells))
}

/// Writes every event near the onset of every alert, nearest first: `alerts.csv` has room for one.
pub fn attributions_csv(out: &mut impl Write, alerts: &[Alert]) -> io::Result<()> {
    table(out, ATTRIBUTIONS, each_attribution(alerts))
}

/// Writes what else may explain each alert: what was found, what was looked at and absent, what nobody looked at.
pub fn confounders_csv(out: &mut impl Write, rows: &[Judgement]) -> io::Result<()> {
    table(out, CONFOUNDERS, rows.iter().map(confounder_cells))
}

/// Writes how unusual each of these lifts is, in time and among the reference outlets.
pub fn placebos_csv(out: &mut impl Write, rows: &[LiftRow]) -> io::Result<()> {
    table(out, PLACEBOS, rows.iter().map(measured::placebo_cells))
}

/// Writes the reference outlets behind every net lift: first those of the alerts (and drops), then those of the lifts
/// around dated events.
pub fn controls_csv(out: &mut impl Write, alerts: &[&[Alert]], rows: &[ControlRow]) -> io::Result<()> {
    table(out, CONTROLS, measured::each_control(alerts, rows))
}

/// Writes what each outlet contributed to the lifts of its state.
pub fn contributions_csv(out: &mut impl Write, rows: &[ContributionRow]) -> io::Result<()> {
    table(out, CONTRIBUTIONS, rows.iter().map(measured::contribution_cells))
}

/// Writes the index of each country against that of the others.
pub fn ratios_csv(out: &mut impl Write, rows: &[RatioRow]) -> io::Result<()> {
    table(out, RATIOS, rows.iter().map(measured::ratio_cells))
}

/// Writes every series and period.
pub fn series_csv(out: &mut impl Write, series: &[ScoredSeries], grid: &Grid) -> io::Result<()> {
    // Written once, not once a series.
    let stamps: Vec<_> = (0..grid.len).map(|i| super::cell::moment(grid.time(i), grid.step)).collect();
    table(
        out,
        SERIES,
        series.iter().flat_map(|one| (0..grid.len).map(|i| period_cells(one, i, Cell::text(&stamps[i])))),
    )
}

pub(super) fn each_attribution(alerts: &[Alert]) -> impl Iterator<Item = [Cell<'_>; 5]> {
    alerts.iter().flat_map(|alert| alert.events.iter().map(move |event| attribution_cells(alert, event)))
}

fn table<'a, const N: usize>(
    out: &mut impl Write,
    header: &str,
    rows: impl Iterator<Item = [Cell<'a>; N]>,
) -> io::Result<()> {
    writeln!(out, "{header}")?;
    let mut line = Vec::new();
    for row in rows {
        line.clear();
        push_csv_row(&mut line, &row);
        out.write_all(&line)?;
    }
    Ok(())
}

pub(super) fn transition_cells(told: &Told) -> [Cell<'_>; 38] {
    let mut row = std::array::from_fn(|_| Cell::Empty);
    row[0] = Cell::text(&told.key);
    row[1] = Cell::text(told.change.name());
    row[2] = Cell::Time(told.period, told.alert.step);
    row[3..].clone_from_slice(&alert_cells(&told.alert));
    row
}

pub(super) fn alert_cells(alert: &Alert) -> [Cell<'_>; 35] {
    let Key { state, outlet, domain, country } = &alert.key;
    let Estimate { point, low, high } = alert.lift;
    let net = alert.net_lift;
    let time = |t| Cell::Time(t, alert.step);
    let change = |pick: fn(&crate::alert::ChangePointTime) -> i64| {
        alert.change_point.as_ref().map_or(Cell::Empty, |change| Cell::Time(pick(change), alert.step))
    };
    let event = alert.events.first();
    [
        Cell::text(&alert.id),
        Cell::text(alert.level.name()),
        Cell::text(state),
        Cell::text(outlet),
        Cell::text(domain),
        Cell::text(country),
        Cell::text(alert.step.name()),
        time(alert.onset),
        time(alert.peak),
        time(alert.end),
        Cell::text(status_name(alert.status)),
        Cell::Integer(alert.periods as i64),
        Cell::Number(alert.observed),
        Cell::Number(alert.expected),
        Cell::Percent(point),
        Cell::Percent(low),
        Cell::Percent(high),
        Cell::Number(alert.excess),
        Cell::Number(alert.peak_value),
        Cell::Number(alert.peak_z),
        Cell::Number(alert.p_value),
        Cell::Number(alert.q_value),
        change(|c| c.at),
        change(|c| c.low),
        change(|c| c.high),
        Cell::text(detector_names(alert)),
        Cell::Percent(alert.reference_lift),
        Cell::Percent(net.point),
        Cell::Percent(net.low),
        Cell::Percent(net.high),
        event.map_or(Cell::Empty, |event| Cell::text(&event.event)),
        event.map_or(Cell::Empty, |event| Cell::Time(event.date, Step::DAY)),
        event.map_or(Cell::Empty, |event| Cell::Integer(event.lag_days)),
        Cell::text(alert.severity.name()),
        Cell::text(alert.flags.iter().map(|flag| flag.name()).collect::<Vec<_>>().join("+")),
    ]
}

/// `open` or `closed`.
pub fn status_name(status: Status) -> &'static str {
    match status {
        Status::Open => "open",
        Status::Closed => "closed",
    }
}

/// `zscore`, `changepoint` or both joined by `+`.
fn detector_names(alert: &Alert) -> &'static str {
    match (alert.detectors.zscore, alert.detectors.changepoint) {
        (true, true) => "zscore+changepoint",
        (true, false) => "zscore",
        (false, true) => "changepoint",
        (false, false) => "",
    }
}

fn push_event(line: &mut Vec<u8>, event: &Attribution) {
    let cells = [
        Cell::text(&event.event),
        Cell::Time(event.date, Step::DAY),
        Cell::Integer(event.lag_days),
        Cell::Number(event.coincidence),
    ];
    push_json_open(line, "event,event_date,event_lag,coincidence", &cells);
    line.push(b'}');
}

pub(super) fn index_cells(row: &IndexRow, step: Step) -> [Cell<'_>; 7] {
    [
        Cell::Time(row.time, step),
        Cell::text(&row.key.state),
        Cell::text(&row.key.country),
        Cell::Number(row.visits),
        Cell::Number(row.total),
        Cell::Number(row.share),
        Cell::Number(row.index),
    ]
}

pub(super) fn lift_cells(row: &LiftRow, step: Step) -> [Cell<'_>; 22] {
    [
        Cell::text(&row.event.name),
        Cell::Time(row.event.date, Step::DAY),
        Cell::text(&row.key.state),
        Cell::text(&row.key.outlet),
        Cell::text(&row.key.country),
        Cell::text(row.window.name()),
        Cell::Time(row.from, step),
        Cell::Time(row.to, step),
        Cell::Time(row.baseline_from, step),
        Cell::Time(row.baseline_to, step),
        Cell::Number(row.base_level),
        Cell::Number(row.observed),
        Cell::Number(row.expected),
        Cell::Percent(row.lift.point),
        Cell::Percent(row.lift.low),
        Cell::Percent(row.lift.high),
        Cell::Number(row.pp_change),
        Cell::Percent(row.net_lift.point),
        Cell::Percent(row.net_lift.low),
        Cell::Percent(row.net_lift.high),
        Cell::Number(row.p_value),
        Cell::Integer(row.n_placebo as i64),
    ]
}

pub(super) fn group_cells(group: &Group, step: Step) -> [Cell<'_>; 7] {
    [
        Cell::Integer(group.id as i64),
        Cell::text(group.outlets.join("|")),
        Cell::text(group.states.join("|")),
        Cell::Time(group.onset_from, step),
        Cell::Time(group.onset_to, step),
        Cell::Number(group.p_value),
        Cell::Number(group.q_value),
    ]
}

fn attribution_cells<'a>(alert: &'a Alert, event: &'a Attribution) -> [Cell<'a>; 5] {
    [
        Cell::text(alert.id.as_str()),
        Cell::text(event.event.as_str()),
        Cell::Time(event.date, Step::DAY),
        Cell::Integer(event.lag_days),
        Cell::Number(event.coincidence),
    ]
}

fn confounder_cells(row: &Judgement) -> [Cell<'_>; 8] {
    // Whole days as days, the last one included; anything else as moments.
    let day = Step::DAY.seconds();
    let whole = row.from.is_some_and(|t| t % day == 0) && row.until.is_some_and(|t| t % day == 0);
    let step = if whole { Step::DAY } else { Step::HOUR };
    let until = row.until.map(|until| if whole { until - day } else { until });
    let time = |time: Option<i64>| time.map_or(Cell::Empty, |time| Cell::Time(time, step));
    [
        Cell::text(&row.alert_id),
        Cell::text(row.kind.name()),
        time(row.from),
        time(until),
        Cell::text(&row.country),
        Cell::text(&row.domain),
        Cell::text(&row.evidence),
        Cell::text(&row.source),
    ]
}

pub(super) fn period_cells<'a>(series: &'a ScoredSeries, i: usize, stamp: Cell<'a>) -> [Cell<'a>; 15] {
    let Key { state, outlet, domain, country } = &series.key;
    let number = |values: &[f64]| Cell::Number(values.get(i).copied().unwrap_or(f64::NAN));
    [
        Cell::text(series.level.name()),
        Cell::text(state),
        Cell::text(outlet),
        Cell::text(domain),
        Cell::text(country),
        Cell::text(role_name(series.role)),
        Cell::text(series.kind.name()),
        stamp,
        number(&series.observed),
        Cell::Number(series.expected(i)),
        Cell::Number(series.lower(i)),
        Cell::Number(series.upper(i)),
        number(&series.z),
        Cell::Integer(i64::from(series.segment(i))),
        Cell::text(series.flags.get(i).map_or("", |flags| period_flags(*flags))),
    ]
}

/// `state` or `reference`.
pub fn role_name(role: Role) -> &'static str {
    match role {
        Role::State => "state",
        Role::Reference => "reference",
    }
}

/// The flags of one period, joined by `+`. A period is either missing, bounded, filled or plainly observed, and
/// either in a surge, in a drop or in neither.
pub fn period_flags(flags: PeriodFlags) -> &'static str {
    let first = |among: &[PeriodFlags]| among.iter().position(|flag| flags.has(*flag)).map_or(0, |i| i + 1);
    let data = first(&[PeriodFlags::GAP, PeriodFlags::CENSORED, PeriodFlags::FILLED]);
    let state = first(&[PeriodFlags::SURGE, PeriodFlags::DROP]);
    const NAMES: [[&str; 3]; 4] = [
        ["", "surge", "drop"],
        ["gap", "gap+surge", "gap+drop"],
        ["censored", "censored+surge", "censored+drop"],
        ["filled", "filled+surge", "filled+drop"],
    ];
    NAMES[data][state]
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::alert::{Detectors, Flag, Severity};
    use crate::series::Level;
    use std::collections::BTreeSet;

    pub(in crate::report) fn alert() -> Alert {
        Alert {
            id: "a1".into(),
            level: Level::Outlet,
            key: Key { state: "IR".into(), outlet: "=Press TV".into(), ..Key::default() },
            step: Step::DAY,
            onset: 1_696_636_800,
            peak: 1_696_723_200,
            end: 1_697_155_200,
            status: Status::Closed,
            periods: 7,
            observed: 14_200.0,
            expected: 10_000.0,
            lift: Estimate { point: 0.42, low: 0.31, high: f64::NAN },
            excess: 4_200.0,
            peak_value: 2_300.5,
            peak_z: 8.1,
            p_value: 1e-9,
            q_value: 0.001,
            change_point: None,
            detectors: Detectors { zscore: true, changepoint: true },
            reference_lift: f64::NAN,
            net_lift: Estimate::UNKNOWN,
            controls: Vec::new(),
            events: vec![Attribution { event: "War".into(), date: 1_696_636_800, lag_days: 0, coincidence: 0.1 }],
            severity: Severity::High,
            flags: BTreeSet::from([Flag::Holiday, Flag::LowBase]),
        }
    }

    #[test]
    fn an_alert_is_one_row_with_a_cell_for_each_column() {
        let mut out = Vec::new();
        alerts_csv(&mut out, &[alert()]).expect("memory");
        let text = String::from_utf8(out).expect("text");
        assert_eq!(
            text.lines().nth(1),
            Some(
                "a1,outlet,IR,'=Press TV,,,day,2023-10-07,2023-10-08,2023-10-13,closed,7,14200,10000,42,31,,4200,\
                 2300.5,8.1,1e-9,0.001,,,,zscore+changepoint,,,,,War,2023-10-07,0,high,low_base+holiday"
            )
        );
        assert!(text.lines().all(|line| line.split(',').count() == 35));
    }

    #[test]
    fn an_alert_as_json_parses_and_keeps_names_as_they_are() {
        let mut out = Vec::new();
        alerts_jsonl(&mut out, &[alert(), alert()]).expect("memory");
        let text = String::from_utf8(out).expect("text");
        assert_eq!(text.lines().count(), 2);
        let value: serde_json::Value = serde_json::from_str(text.lines().next().expect("a line")).expect("JSON");
        assert_eq!(value["outlet"], "=Press TV");
        assert_eq!(value["lift_pct"], 42);
        assert!(value["lift_high_pct"].is_null());
        assert_eq!(value["events"][0]["event_date"], "2023-10-07");
    }

    #[test]
    fn a_table_without_rows_still_has_its_header() {
        let mut out = Vec::new();
        lifts_csv(&mut out, &[], Step::DAY).expect("memory");
        assert_eq!(String::from_utf8(out).expect("text"), format!("{LIFTS}\n"));
    }
}
