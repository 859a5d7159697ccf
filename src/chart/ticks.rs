//! Round values for the value axis, and how they are written.

/// Round values within `low..=high`, about `count` of them: steps of 1, 2 or 5 times a power of ten.
pub(super) fn values(low: f64, high: f64, count: usize) -> Vec<f64> {
    let raw = (high - low) / count.max(1) as f64;
    if !(raw.is_finite() && raw > 0.0) {
        return vec![low];
    }
    let power = 10f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|m| m * power).find(|step| *step >= raw * 0.999);
    let step = step.unwrap_or(power * 10.0);
    let first = (low / step).ceil();
    let slack = step * 1e-9;
    (0..200).map(|i| (first + f64::from(i)) * step).take_while(|value| *value <= high + slack).collect()
}

/// The ticks as texts with one unit (nothing, k, M, bn, T) and as many decimals as tell them apart.
pub(super) fn labels(values: &[f64]) -> Vec<String> {
    let largest = values.iter().fold(0.0, |max: f64, v| max.max(v.abs()));
    let step = values.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(f64::INFINITY, f64::min);
    if largest >= 1e16 || (largest > 0.0 && largest < 1e-5) {
        return values.iter().map(|v| if *v == 0.0 { "0".into() } else { format!("{v:.0e}") }).collect();
    }
    let (unit, name) = match largest {
        m if m >= 1e12 => (1e12, "T"),
        m if m >= 1e9 => (1e9, "bn"),
        m if m >= 1e6 => (1e6, "M"),
        m if m >= 1e5 => (1e3, "k"),
        _ => (1.0, ""),
    };
    let decimals = if step.is_finite() { (-(step / unit).log10().floor()).clamp(0.0, 8.0) as usize } else { 0 };
    let write = |v: &f64| if *v == 0.0 { "0".into() } else { grouped(v / unit, decimals) + name };
    values.iter().map(write).collect()
}

/// A number with commas between thousands.
///
/// `grouped(1234567.0, 0)` is `1,234,567`.
pub(super) fn grouped(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let (sign, rest) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("-", rest));
    let (whole, fraction) = rest.split_once('.').map_or((rest, None), |(whole, fraction)| (whole, Some(fraction)));
    let mut out = sign.to_string();
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    fraction.map(|fraction| format!("{out}.{fraction}")).unwrap_or(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_written_with_one_unit() {
        let written = |low, high| labels(&values(low, high, 5)).join(" ");
        assert_eq!(written(0.0, 10.0), "0 2 4 6 8 10");
        assert_eq!(written(0.0, 42_000.0), "0 10,000 20,000 30,000 40,000");
        assert_eq!(written(0.0, 430_000.0), "0 100k 200k 300k 400k");
        assert_eq!(written(0.0, 2.6e6), "0 1M 2M");
        assert_eq!(written(0.0, 0.03), "0 0.01 0.02 0.03");
    }

    #[test]
    fn degenerate_ranges_give_few_ticks_and_no_panic() {
        for (low, high) in [(0.0, 0.0), (f64::NAN, 1.0), (0.0, f64::INFINITY), (5.0, 1.0), (0.0, 1e300), (0.0, 1e-300)]
        {
            assert!(labels(&values(low, high, 5)).len() <= 12, "{low} {high}");
        }
    }
}
