//! The canonical table of context: `from,until,country,domain,source,kind,evidence`.
//!
//! `kind` is `block`, `outage` or `annotation`, or `checked_block` / `checked_outage`: somebody looked and found
//! nothing, or what was found stands in rows of its own. `until` is the last day, or the moment of the end.

use super::{site, stamp};
use crate::calendar::{Records, Row, is_code, span};
use crate::error::Result;
use crate::measure::confounder::{ConfounderKind, Context, Span};
use crate::time::Seconds;

/// Columns of the table; `evidence` may be missing.
pub const COLUMNS: &[&str] = &["from", "until", "country", "domain", "source", "kind", "evidence"];

pub(super) fn parse(text: &str, file: &str) -> Result<Context> {
    let table = Records::new(text, file, &["from", "until", "country", "domain", "kind", "source"])?;
    let mut context = Context::default();
    for row in table.rows() {
        let row = row?;
        let (kind, found) = kind(&row)?;
        let span = entry(&row, kind)?;
        if kind != ConfounderKind::Annotation {
            context.looks.push(span.clone());
        }
        if found {
            context.found.push(span);
        }
    }
    Ok(context)
}

fn kind(row: &Row<'_>) -> Result<(ConfounderKind, bool)> {
    Ok(match row.text("kind") {
        "block" => (ConfounderKind::Block, true),
        "outage" => (ConfounderKind::Outage, true),
        "annotation" => (ConfounderKind::Annotation, true),
        "checked_block" => (ConfounderKind::Block, false),
        "checked_outage" => (ConfounderKind::Outage, false),
        other => {
            let message =
                format!("found '{other}', expected block, outage, annotation, checked_block or checked_outage");
            return Err(row.fault("kind", message));
        }
    })
}

fn entry(row: &Row<'_>, kind: ConfounderKind) -> Result<Span> {
    let (from, open) = moment(row, "from")?;
    let until = if row.text("until").is_empty() { open } else { moment(row, "until")?.1 };
    if until <= from {
        return Err(row.fault("until", "it ends before it begins"));
    }
    let country = row.text("country");
    if !country.is_empty() && !is_code(country) {
        let message = format!("found '{country}', expected an ISO 3166-1 code of two capital letters, or nothing");
        return Err(row.fault("country", message));
    }
    let domain = match row.text("domain") {
        "" => String::new(),
        host => site(host).ok_or_else(|| {
            row.fault("domain", format!("found '{host}', expected a domain such as rt.com, or nothing"))
        })?,
    };
    Ok(Span {
        kind,
        from,
        until,
        country: country.into(),
        domain,
        source: row.text("source").into(),
        evidence: row.text("evidence").into(),
    })
}

/// First second of a day, month or moment, and the first one after it.
fn moment(row: &Row<'_>, column: &str) -> Result<(Seconds, Seconds)> {
    let text = row.text(column);
    span(text).or_else(|| stamp(text).map(|moment| (moment, moment))).ok_or_else(|| {
        row.fault(column, format!("found '{text}', expected a day such as 2023-10-07 or 2023-10-07T05:00:00Z"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "from,until,country,domain,kind,source\n";

    #[test]
    fn days_are_whole_and_moments_are_moments() {
        let rows = "2023-10-07,2023-10-08,GB,www.RT.com,block,Ofcom\n\
                    2023-10-07T05:00:00Z,2023-10-07T06:00:00Z,IR,,outage,IODA\n\
                    2023-10-01,2023-12-31,IR,,checked_outage,IODA\n2023-10-07,,,,annotation,x\n";
        let context = parse(&format!("{HEADER}{rows}"), "c.csv").expect("sound");
        assert_eq!((context.found.len(), context.looks.len()), (3, 3));
        assert_eq!(context.found[0].until - context.found[0].from, 2 * 86_400);
        assert_eq!(context.found[0].domain, "rt.com");
        assert_eq!(context.found[1].until - context.found[1].from, 3_600);
        assert_eq!(context.found[2].until - context.found[2].from, 86_400);
    }

    #[test]
    fn a_defect_is_named_by_line_and_column() {
        for (row, expected) in [
            ("7.10.2023,,GB,,block,x", "c.csv:2: column 'from'"),
            ("2023-10-07,2023-10-06,GB,,block,x", "c.csv:2: column 'until': it ends before it begins"),
            ("2023-10-07,,Iran,,block,x", "c.csv:2: column 'country'"),
            ("2023-10-07,,GB,(not set),block,x", "c.csv:2: column 'domain': found '(not set)'"),
            ("2023-10-07,,GB,,rumour,x", "c.csv:2: column 'kind': found 'rumour'"),
        ] {
            let said = parse(&format!("{HEADER}{row}\n"), "c.csv").expect_err(row).to_string();
            assert!(said.starts_with(expected), "{said}");
        }
    }
}
