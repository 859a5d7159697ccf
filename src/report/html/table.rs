//! Tables of the report: any CSV file of the result, with an introduction where its name is known.

use serde::Serialize;

/// A table as it stands in its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Name of the file.
    pub file: String,
    /// Its text; of a long one, the whole records within [`MOST_BYTES`].
    pub csv: String,
    /// How many rows of the file follow the text.
    pub further: usize,
}

/// Rows that stand in the page itself: what is seen without scripts.
const STATIC_ROWS: usize = 10;
/// Bytes of one table that the page carries, and of all of them: a report has to go through the mail.
pub const MOST_BYTES: usize = 1_500_000;
const MOST_BYTES_TOGETHER: usize = 5_000_000;

/// What is known of a table: file, title, what a row is, and the columns shown at first (empty = all).
const KNOWN: [(&str, &str, &str, &str); 16] = [
    (
        "alerts.csv",
        "Alerts",
        "One row a surge that passed the false-discovery control and the floors.",
        "onset,end,status,state,outlet,domain,country,lift_pct,lift_low_pct,lift_high_pct,net_lift_pct,q_value,severity,event,flags",
    ),
    (
        "drops.csv",
        "Drops",
        "One row a fall of traffic: blocks, seizures, outages. Kept apart from surges.",
        "onset,end,status,state,outlet,domain,country,lift_pct,lift_low_pct,lift_high_pct,q_value,severity,event,flags",
    ),
    (
        "transitions.csv",
        "What was told",
        "One row a step in the life of an alert: opened, updated, closed, retracted, with its figures as known then.",
        "at,period,change,note,onset,end,state,outlet,domain,country,lift_pct,lift_low_pct,lift_high_pct,q_value,severity,flags",
    ),
    (
        "index_lifts.csv",
        "Lifts of the index",
        "Change of each state’s share of all traffic after each dated event: one row an event, state, country and window.",
        "event,event_date,state,country,window,lift_pct,low_pct,high_pct,pp_change,p_value,n_placebo",
    ),
    (
        "lifts.csv",
        "Lifts of visits",
        "Change of visits after each dated event: one row an event, state or outlet, country and window.",
        "event,event_date,state,outlet,country,window,lift_pct,low_pct,high_pct,net_lift_pct,net_low_pct,net_high_pct,p_value",
    ),
    ("contributions.csv", "Contributions of outlets", "How much each outlet added to the lift of its state.", ""),
    ("attributions.csv", "Events near onsets", "Every dated event near the onset of each alert. Never a cause.", ""),
    ("groups.csv", "Outlets that rose together", "Groups whose surges start together more often than chance.", ""),
    ("ratios.csv", "Ratios between countries", "How the index of one country moved against that of another.", ""),
    (
        "controls.csv",
        "Reference outlets",
        "The ordinary news outlets that net lifts are measured against, and their weights.",
        "",
    ),
    ("placebos.csv", "Placebos", "The same measurement at dates and outlets where nothing happened.", ""),
    ("confounders.csv", "Other explanations", "What else may have moved traffic at the time of an alert.", ""),
    ("consensus.csv", "Consensus", "The same question asked of several methods.", ""),
    ("robustness.csv", "Robustness", "The same figures with other baselines, gaps and lists of outlets.", ""),
    ("errors.csv", "Series with errors", "Series that could not be analysed, with the reason.", ""),
    (
        "index.csv",
        "Index",
        "Each state’s share of all traffic in each country, period by period; 100 = baseline mean.",
        "",
    ),
];

/// A table as the template shows it.
#[derive(Debug, Serialize)]
pub(super) struct View {
    pub id: String,
    pub file: String,
    pub title: String,
    pub about: String,
    pub columns: Vec<Column>,
    /// First rows, cell by cell.
    pub head: Vec<Vec<String>>,
    pub rows: usize,
    /// Rows that the page carries.
    pub carried: usize,
    /// Their text, header included: the bytes of the file, unless some rows are left out.
    #[serde(skip)]
    pub csv: String,
}

/// A column.
#[derive(Debug, Serialize)]
pub(super) struct Column {
    pub name: String,
    /// `number`, `long` (texts that need several lines), `extra` (not shown at first).
    pub class: String,
}

/// Letters from which on a text may be broken into lines.
const LONG: usize = 30;

/// The views of all tables: known ones first, in their order, then the others by name.
pub(super) fn views(tables: &[Table]) -> Vec<View> {
    let rank = |table: &&Table| KNOWN.iter().position(|known| known.0 == table.file).unwrap_or(KNOWN.len());
    let mut sorted: Vec<&Table> = tables.iter().collect();
    sorted.sort_by(|a, b| (rank(a), &a.file).cmp(&(rank(b), &b.file)));
    let mut left = MOST_BYTES_TOGETHER;
    let mut views = Vec::new();
    for table in sorted {
        let view = view(table, left.min(MOST_BYTES));
        left = left.saturating_sub(view.csv.len());
        views.push(view);
    }
    views
}

fn view(table: &Table, room: usize) -> View {
    let (mut first, ends) = records(&table.csv);
    let rows = ends.len().saturating_sub(1) + table.further;
    let header = if first.is_empty() { Vec::new() } else { first.remove(0) };
    let head = first;
    let carried = ends.iter().skip(1).take_while(|end| **end <= room).count();
    let csv = table.csv[..ends.get(carried).copied().unwrap_or(0)].to_string();
    let known = KNOWN.iter().find(|known| known.0 == table.file);
    let main: Vec<&str> = known.map_or("", |known| known.3).split(',').filter(|name| !name.is_empty()).collect();
    let class = |i: usize, name: &str| {
        let mut filled = head.iter().filter_map(|row| row.get(i)).filter(|cell| !cell.is_empty()).peekable();
        let long = filled.clone().any(|cell| cell.chars().count() >= LONG);
        let number = filled.peek().is_some() && filled.all(|cell| cell.parse::<f64>().is_ok());
        let extra = !main.is_empty() && !main.contains(&name);
        let named = [(number, "number"), (long, "long"), (extra, "extra")];
        named.iter().filter(|(is, _)| *is).map(|(_, name)| *name).collect::<Vec<_>>().join(" ")
    };
    let column = |(i, name): (usize, String)| Column { class: class(i, &name), name };
    let stem = table.file.trim_end_matches(".csv");
    View {
        id: stem.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' }).collect(),
        title: known.map_or_else(|| stem.replace(['_', '-'], " "), |known| known.1.into()),
        about: known.map_or_else(String::new, |known| known.2.into()),
        file: table.file.clone(),
        columns: header.into_iter().enumerate().map(column).collect(),
        head,
        rows,
        carried,
        csv,
    }
}

/// The header and the first rows cell by cell, and where each record ends.
fn records(csv: &str) -> (Vec<Vec<String>>, Vec<usize>) {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(csv.as_bytes());
    let (mut first, mut ends) = (Vec::new(), Vec::new());
    let mut record = csv::StringRecord::new();
    while let Ok(true) = reader.read_record(&mut record) {
        if first.len() <= STATIC_ROWS {
            first.push(record.iter().map(String::from).collect());
        }
        ends.push(reader.position().byte() as usize);
    }
    (first, ends)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(file: &str, csv: &str) -> Table {
        Table { file: file.into(), csv: csv.into(), further: 0 }
    }

    #[test]
    fn cells_may_hold_commas_quotes_and_lines() {
        let view = view(&table("x_y.csv", "a,b\n\"1,\"\"2\"\"\n3\",4\n,-5.5\n"), 1000);
        assert_eq!(view.head, [["1,\"2\"\n3", "4"], ["", "-5.5"]]);
        assert_eq!((view.rows, view.carried, view.title.as_str()), (2, 2, "x y"));
        assert_eq!(view.columns.iter().map(|c| c.class.as_str()).collect::<Vec<_>>(), ["", "number"]);
    }

    #[test]
    fn what_has_no_room_is_left_out_whole_rows_at_a_time() {
        let csv = "a,b\n1,2\n3,4\n5,6\n";
        assert_eq!(view(&table("x.csv", csv), 1000).csv, csv);
        let cut = view(&table("x.csv", csv), 13);
        assert_eq!((cut.csv.as_str(), cut.rows, cut.carried), ("a,b\n1,2\n3,4\n", 3, 2));
        let none = view(&table("x.csv", csv), 0);
        assert_eq!((none.csv.as_str(), none.carried), ("a,b\n", 0));
        assert_eq!(view(&table("x.csv", "a,b\n"), 1000).rows, 0);
        assert_eq!(view(&table("x.csv", ""), 1000).rows, 0);
    }

    #[test]
    fn known_tables_come_first_and_unknown_ones_too() {
        let ids: Vec<String> = views(&[table("zz.csv", "a\n"), table("index.csv", "a\n"), table("alerts.csv", "a\n")])
            .into_iter()
            .map(|v| v.id)
            .collect();
        assert_eq!(ids, ["alerts", "index", "zz"]);
    }
}
