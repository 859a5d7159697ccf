//! Exact searches against ruptures (script and versions: changepoint.py, changepoint.txt).

use floodmark::detect::cost::{LineCost, Loss, NegativeBinomialCost, PoissonCost};
use floodmark::detect::{fpop, pelt};

struct Case<'a> {
    cost: &'a str,
    penalty: f64,
    shortest: usize,
    changes: Vec<usize>,
    total: f64,
    values: Vec<f64>,
}

fn parse(line: &str) -> Case<'_> {
    let parts: Vec<&str> = line.split('\t').collect();
    Case {
        cost: parts[0],
        penalty: parts[1].parse().unwrap(),
        shortest: parts[2].parse().unwrap(),
        changes: parts[3].split_whitespace().map(|v| v.parse().unwrap()).collect(),
        total: parts[4].parse().unwrap(),
        values: parts[5].split(' ').map(|v| v.parse().unwrap()).collect(),
    }
}

fn cases() -> impl Iterator<Item = Case<'static>> {
    include_str!("changepoint.txt").lines().filter(|line| !line.starts_with('#')).map(parse)
}

#[test]
fn searches_find_the_changes_that_ruptures_finds() {
    let mut seen = 0;
    for case in cases() {
        let at: Vec<f64> = (0..case.values.len()).map(|t| t as f64).collect();
        let found = match case.cost {
            "squared" => fpop::segment(&case.values, Loss::Squared, case.penalty),
            "biweight" => fpop::segment(&case.values, Loss::ROBUST, case.penalty),
            "poisson" => pelt::segment(&PoissonCost::new(&case.values), case.penalty, case.shortest),
            "negative_binomial" => {
                pelt::segment(&NegativeBinomialCost::new(&case.values, 4.0), case.penalty, case.shortest)
            }
            _ => pelt::segment(&LineCost::new(&at, &case.values), case.penalty, case.shortest),
        };
        assert_eq!(found.changes, case.changes, "{} at {}", case.cost, case.penalty);
        if ["squared", "biweight", "line"].contains(&case.cost) {
            assert!(
                (found.cost - case.total).abs() < 1e-6 * case.total,
                "{}: {} {}",
                case.cost,
                found.cost,
                case.total
            );
        }
        seen += 1;
    }
    assert_eq!(seen, 44);
}
