//! False-discovery control over many tests.

/// Benjamini & Hochberg (1995): for each p-value the smallest false-discovery rate at which it is a discovery.
pub fn q_values(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|a, b| p[*b].total_cmp(&p[*a]));
    let mut q = vec![1.0; p.len()];
    let mut smallest: f64 = 1.0;
    for (i, &at) in order.iter().enumerate() {
        smallest = smallest.min(p[at] * p.len() as f64 / (p.len() - i) as f64);
        q[at] = smallest;
    }
    q
}
