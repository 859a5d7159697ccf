//! The tables of a result by name, for whoever wants rows and not files.

use super::cell::Cell;
use super::tables::*;
use crate::alert::Analysis;
use std::sync::LazyLock;

/// A table of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Table {
    /// One row a surge.
    Alerts,
    /// The same for falls.
    Drops,
    /// Each state's share in each country.
    Index,
    /// Lifts of visits around dated events.
    Lifts,
    /// Lifts of the index around dated events.
    IndexLifts,
    /// How unusual each lift is, in time and among the reference outlets.
    Placebos,
    /// The reference outlets behind each net lift.
    Controls,
    /// What each outlet contributed to the lift of its state.
    Contributions,
    /// The index of each country against that of the others.
    Ratios,
    /// Events near the onset of each alert.
    Attributions,
    /// Outlets that rose together.
    Groups,
    /// Every series and period.
    Series,
    /// What would have been told on the way; without rows unless decided period by period.
    Transitions,
}

static TRANSITION_COLUMNS: LazyLock<String> = LazyLock::new(|| format!("{TRANSITIONS}{ALERTS}"));

impl Table {
    /// Every table.
    pub const ALL: [Table; 13] = [
        Table::Alerts,
        Table::Drops,
        Table::Index,
        Table::Lifts,
        Table::IndexLifts,
        Table::Placebos,
        Table::Controls,
        Table::Contributions,
        Table::Ratios,
        Table::Attributions,
        Table::Groups,
        Table::Series,
        Table::Transitions,
    ];

    /// The name of its file without the ending.
    pub fn name(self) -> &'static str {
        match self {
            Table::Alerts => "alerts",
            Table::Drops => "drops",
            Table::Index => "index",
            Table::Lifts => "lifts",
            Table::IndexLifts => "index_lifts",
            Table::Placebos => "placebos",
            Table::Controls => "controls",
            Table::Contributions => "contributions",
            Table::Ratios => "ratios",
            Table::Attributions => "attributions",
            Table::Groups => "groups",
            Table::Series => "series",
            Table::Transitions => "transitions",
        }
    }

    /// Its columns, separated by commas.
    pub fn columns(self) -> &'static str {
        match self {
            Table::Alerts | Table::Drops => ALERTS,
            Table::Index => INDEX,
            Table::Lifts | Table::IndexLifts => LIFTS,
            Table::Placebos => PLACEBOS,
            Table::Controls => CONTROLS,
            Table::Contributions => CONTRIBUTIONS,
            Table::Ratios => RATIOS,
            Table::Attributions => ATTRIBUTIONS,
            Table::Groups => GROUPS,
            Table::Series => SERIES,
            Table::Transitions => &TRANSITION_COLUMNS,
        }
    }

    /// Shows every row of the table, in the order of its file, to `row`.
    pub fn each_row(self, analysis: &Analysis, row: &mut dyn FnMut(&[Cell<'_>])) {
        let step = analysis.grid.step;
        match self {
            Table::Alerts => analysis.alerts.iter().for_each(|alert| row(&alert_cells(alert))),
            Table::Drops => analysis.drops.iter().for_each(|alert| row(&alert_cells(alert))),
            Table::Index => analysis.index.iter().for_each(|line| row(&index_cells(line, step))),
            Table::Lifts => analysis.lifts.iter().for_each(|line| row(&lift_cells(line, step))),
            Table::IndexLifts => analysis.index_lifts.iter().for_each(|line| row(&lift_cells(line, step))),
            Table::Placebos => analysis.lifts.iter().for_each(|line| row(&measured::placebo_cells(line))),
            Table::Controls => {
                let found = [analysis.alerts.as_slice(), &analysis.drops];
                measured::each_control(&found, &analysis.controls).for_each(|cells| row(&cells));
            }
            Table::Contributions => analysis.contributions.iter().for_each(|l| row(&measured::contribution_cells(l))),
            Table::Ratios => analysis.ratios.iter().for_each(|line| row(&measured::ratio_cells(line))),
            Table::Attributions => each_attribution(&analysis.alerts).for_each(|cells| row(&cells)),
            Table::Groups => analysis.groups.iter().for_each(|group| row(&group_cells(group, step))),
            Table::Transitions => analysis.told.iter().for_each(|told| row(&transition_cells(told))),
            Table::Series => {
                let grid = analysis.grid;
                for series in &analysis.series {
                    (0..grid.len).for_each(|i| row(&period_cells(series, i, Cell::Time(grid.time(i), step))));
                }
            }
        }
    }
}

/// What the cells of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Words.
    Text,
    /// Quantities and percentages.
    Number,
    /// Whole numbers.
    Integer,
    /// Starts of periods.
    Time,
}

impl Content {
    /// What the column of that name holds, in every table.
    pub fn of(column: &str) -> Content {
        match column {
            "timestamp" | "period" | "onset" | "peak" | "end" | "change_point" | "change_point_low"
            | "change_point_high" | "event_date" | "from" | "to" | "baseline_from" | "baseline_to" | "onset_from"
            | "onset_to" => Content::Time,
            "periods" | "event_lag" | "lag_days" | "n_placebo" | "n_time" | "n_space" | "segment" | "group_id" => {
                Content::Integer
            }
            "alert_id" | "key" | "change" | "level" | "state" | "outlet" | "domain" | "country" | "granularity"
            | "status" | "detectors" | "event" | "severity" | "flags" | "window" | "outlets" | "states" | "role"
            | "kind" | "control" | "reason" | "against" => Content::Text,
            _ => Content::Number,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::{Change, Group, Told};
    use crate::report::tables::tests::alert;
    use crate::time::Step;

    #[test]
    fn every_cell_is_what_its_column_is_said_to_hold() {
        let grid = crate::time::Grid { start: 1_688_169_600, step: Step::DAY, len: 120 };
        let recipe = crate::simulate::Recipe::plain(7, grid, 3, 2, &["GB", "US"]);
        let panel = crate::simulate::simulate(&recipe).expect("sound").panel;
        let event = crate::alert::Event {
            date: grid.time(90),
            end: None,
            name: "War".into(),
            states: Vec::new(),
            countries: Vec::new(),
            kind: "war".into(),
        };
        let options = crate::pipeline::Options::default();
        let mut analysis = crate::pipeline::analyze(&panel, &[event], &options, &|_, _| {}).expect("sound");
        (analysis.alerts, analysis.drops) = (vec![alert()], vec![alert()]);
        let group = Group {
            id: 1,
            outlets: vec!["A".into()],
            states: Vec::new(),
            onset_from: 0,
            onset_to: 0,
            p_value: 0.1,
            q_value: 0.1,
        };
        analysis.groups = vec![group];
        analysis.told = vec![Told { key: "a-1".into(), change: Change::Opened, period: 0, alert: alert() }];
        for table in Table::ALL {
            let mut rows = 0;
            table.each_row(&analysis, &mut |cells| {
                rows += 1;
                assert_eq!(cells.len(), table.columns().split(',').count());
                for (column, cell) in table.columns().split(',').zip(cells) {
                    let found = match cell {
                        Cell::Text(_) => Content::Text,
                        Cell::Number(_) | Cell::Percent(_) => Content::Number,
                        Cell::Integer(_) => Content::Integer,
                        Cell::Time(..) => Content::Time,
                        Cell::Empty => Content::of(column),
                    };
                    assert_eq!(found, Content::of(column), "{column} of {}", table.name());
                }
            });
            assert!(rows > 0, "{}", table.name());
        }
    }
}
