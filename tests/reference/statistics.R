# Statistics by R for tests/reference/statistics.rs; nothing here comes from floodmark.
#
# apt-get install r-base-core r-cran-strucchange r-cran-sandwich
# Rscript tests/reference/statistics.R > tests/reference/statistics.txt
# Each line: what, arguments, input values, values by R; parts separated by tabs, numbers by blanks.
suppressMessages({library(strucchange); library(sandwich)})

show <- function(x) paste(format(x, digits = 15, trim = TRUE), collapse = " ")
emit <- function(what, arguments, input, values) {
  cat(what, show(arguments), show(input), show(values), sep = "\t")
  cat("\n")
}
cat("# ", R.version.string, ", strucchange ", as.character(packageVersion("strucchange")),
    ", sandwich ", as.character(packageVersion("sandwich")), "\n", sep = "")
set.seed(20231007)

# Location, scale, quantiles.
for (n in c(5, 8, 31)) {
  y <- round(rt(n, 3), 4)
  emit("mad", 0, y, mad(y))
  emit("quantile", c(0.05, 0.25, 0.5, 0.9), y, quantile(y, c(0.05, 0.25, 0.5, 0.9), type = 7))
}

# Tails, far out too.
z <- c(-1.5, 0, 1, 2.5, 4, 6, 8)
emit("normal_sf", 0, z, pnorm(z, lower.tail = FALSE))
for (df in c(3, 7, 40)) emit("student_sf", df, z, pt(z, df, lower.tail = FALSE))
p <- c(0.001, 0.05, 0.3, 0.9, 0.999)
emit("normal_quantile", 0, p, qnorm(p))
emit("student_quantile", 5, p, qt(p, 5))

# False-discovery control.
for (n in c(6, 40)) {
  p <- signif(c(rbeta(n / 2, 0.2, 8), runif(n / 2)), 6)
  emit("BH", 0, p, p.adjust(p, "BH"))
  emit("BY", 0, p, p.adjust(p, "BY"))
}

# Long-run standard deviation: kernel estimate with prewhitening (Andrews), which has nothing in common with ours.
for (phi in c(0, 0.5)) {
  e <- rnorm(900)
  y <- round(as.numeric(filter(e, phi, method = "recursive")), 3)[101:900]
  emit("long_run_sd", 0, y, sqrt(800 * lrvar(y, type = "Andrews", prewhite = TRUE, adjust = FALSE)))
}

# A weekly season under noise and a spike, by robust STL.
week <- c(0.3, 0.1, 0, 0, 0.1, -0.2, -0.3)
y <- round(rep(week, 26) + rnorm(182, sd = 0.08) + c(rep(0, 100), 3, rep(0, 81)), 4)
parts <- stl(ts(y, frequency = 7), s.window = "periodic", robust = TRUE)
season <- parts$time.series[1:7, "seasonal"]
emit("season", 7, y, season - mean(season))

# Least squares with m changes by strucchange, penalised: the penalty decides how many.
least <- function(y, penalty, most = 6) {
  found <- breakpoints(y ~ 1, h = 2, breaks = most)
  costs <- summary(found)$RSS["RSS", ] + penalty * (0:most)
  m <- unname(which.min(costs)) - 1
  list(changes = if (m == 0) integer(0) else breakpoints(found, breaks = m)$breakpoints, cost = min(costs) - penalty * m)
}
for (levels in list(c(0), c(0, 2), c(0, 3, 1), c(1, 0, 2, 5))) {
  n <- 40 * length(levels)
  y <- round(rep(levels, each = 40) + rnorm(n), 3)
  penalty <- round(3 * log(n), 3)
  best <- least(y, penalty)
  emit("squared", penalty, y, c(best$cost, best$changes))
}

# The same by dynamic programming over every pair of ends, O(n^2), for longer series.
dynamic <- function(y, penalty, cost) {
  n <- length(y); best <- c(-penalty, rep(Inf, n)); from <- integer(n)
  for (t in 1:n) for (s in 0:(t - 1)) {
    value <- best[s + 1] + penalty + cost(s, t)
    if (value < best[t + 1]) { best[t + 1] <- value; from[t] <- s }
  }
  changes <- integer(0); t <- n
  while (from[t] > 0) { changes <- c(from[t], changes); t <- from[t] }
  list(changes = changes, cost = best[n + 1] - penalty * length(changes))
}
y <- round(c(rnorm(120), rnorm(60, 1.5), rnorm(150, 0.4), rnorm(70, 3)), 3)
s1 <- c(0, cumsum(y)); s2 <- c(0, cumsum(y^2))
best <- dynamic(y, round(3 * log(400), 3), function(s, t) s2[t + 1] - s2[s + 1] - (s1[t + 1] - s1[s + 1])^2 / (t - s))
emit("squared", round(3 * log(400), 3), y, c(best$cost, best$changes))

# Conformal p-value of the last block by explicit rotation (Chernozhukov, Wuethrich & Zhu 2021, moving blocks).
for (case in list(c(40, 33), c(84, 56))) {
  u <- round(as.numeric(arima.sim(list(ar = 0.4), case[1])), 4)
  u <- u - mean(u)
  window <- (case[2] + 1):case[1]
  rotate <- function(j) u[((seq_along(u) - 1 + j) %% length(u)) + 1]
  statistic <- function(v) abs(sum(v[window]))
  values <- sapply(0:(length(u) - 1), function(j) statistic(rotate(j)))
  emit("conformal", case[2], u, mean(values >= values[1] * (1 - 1e-12)))
}

# Ridge: residuals of y on three columns, penalty on all of them, by the normal equations.
z <- matrix(round(rnorm(60), 3), 20, 3)
y <- round(z %*% c(0.5, -0.2, 0.1) + rnorm(20, sd = 0.3), 3)
for (penalty in c(0.6, 6)) {
  beta <- solve(t(z) %*% z + penalty * diag(3), t(z) %*% y)
  emit("ridge", penalty, c(y, z), c(beta, y - z %*% beta))
}
