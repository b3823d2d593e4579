# SPDX-License-Identifier: BSD-3-Clause
# hozog.awk VALID.csv TEST.csv LOG: curves of `tralo curve`, and what a search said. Prints of the
# best point so far, at each evaluation: seconds, evaluations, the criterion above the minimum of
# the curve, |its derivative|, the curve of the test, lambda; nothing beyond the ends of the curve.
# Between their points the curves are cubics that have the values and the derivatives there
# (Hermite); near the minimum the difference is an integral of the slope, so that rounding does not
# hide it.

# The cubic through (x0, a), (x1, b) with slopes c, d.
function hermite(x, x0, x1, a, b, c, d,   h, t) {
    h = x1 - x0
    t = (x - x0) / h
    a = (1 + 2 * t) * (1 - t) ^ 2 * a + t * (1 - t) ^ 2 * h * c
    return a + t ^ 2 * (3 - 2 * t) * b + t ^ 2 * (t - 1) * h * d
}

# The interval of theta.
function place(theta,   k) {
    for (k = 2; k < points && theta > at[k]; k++);
    return k
}

function value(curve, theta,   k) {
    k = place(theta)
    return hermite(theta, at[k - 1], at[k], f[curve, k - 1], f[curve, k], df[curve, k - 1],
        df[curve, k])
}

function slope(theta,   k) {
    k = place(theta)
    return hermite(theta, at[k - 1], at[k], df[1, k - 1], df[1, k], d2f[k - 1], d2f[k])
}

# The zero of the slope nearest to the lowest point of the curve, or that point.
function minimum(   k, best, low, high, middle) {
    for (k = best = 1; k <= points; k++)
        if (f[1, k] < f[1, best]) best = k
    low = at[best > 1 ? best - 1 : 1]
    high = at[best < points ? best + 1 : points]
    if (slope(low) >= 0 || slope(high) <= 0)
        return at[best]
    for (k = 0; k < 100; k++) {
        middle = (low + high) / 2
        if (slope(middle) < 0) low = middle
        else high = middle
    }
    return middle
}

# By Simpson's rule on the slope: it has the digits that differences of values have not.
function above(theta,   x, h) {
    x = (theta - lowest) / 2
    h = (slope(lowest) + 4 * slope(lowest + x) + slope(theta)) * x / 3
    return theta - lowest < 0.5 && lowest - theta < 0.5 ? h : value(1, theta) - value(1, lowest)
}

BEGIN { FS = "," }
FNR == 1 { file++ }
file < 3 && $1 + 0 > 0 {
    k = ++count[file]
    at[k] = $2
    f[file, k] = $3
    df[file, k] = $5
    if (file == 1) d2f[k] = $6
    points = k
}
file == 3 && !begun++ { FS = " "; lowest = minimum(); best = "" }
file == 3 && /eval=.* f=.*lambda=/ {
    split($0, all, /eval=/); evaluation = all[2] + 0
    split($0, all, / f=/); found = all[2] + 0
    split($0, all, /lambda=/); lambda = all[2] + 0
    split($0, all, / s=/); seconds = all[2] + 0
    if (best == "" || found < best) {
        best = found
        at_best = lambda
    }
    theta = log(at_best)
    if (theta < at[1] - 1e-3 || theta > at[points] + 1e-3) next
    gap = above(theta)
    steep = slope(theta)
    printf("%.6g %d %.6e %.6e %.9f %.9g\n", seconds, evaluation, (gap > 1e-14 ? gap : 1e-14),
        (steep < 0 ? -steep : steep), value(2, theta), at_best)
}
