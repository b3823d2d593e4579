# SPDX-License-Identifier: BSD-3-Clause
# gnuplot -e "name=...; methods='...'; kind='svg'" hozog.gnuplot: NAME.METHOD.dat to NAME.hozog.svg.
if (kind eq 'png') {
    set terminal pngcairo size 1500,520 font 'sans,12'
} else {
    set terminal svg size 1500,520 font 'sans,14' background 'white'
}
set output name.'.hozog.'.kind
set multiplot layout 1,3 title name noenhanced
set logscale xy
set format '10^{%L}'
set xlabel 'seconds'
set key below noenhanced
word_of(i) = word(methods, i)
file(i) = name.'.'.word_of(i).'.dat'
set title 'criterion above its minimum'
plot for [i=1:words(methods)] file(i) using 1:3 with steps linewidth 2 title word_of(i)
set title 'derivative'
plot for [i=1:words(methods)] file(i) using 1:4 with steps linewidth 2 title word_of(i)
set title 'test loss'
unset logscale y
set format y '%g'
plot for [i=1:words(methods)] file(i) using 1:5 with steps linewidth 2 title word_of(i)
unset multiplot
