# SPDX-License-Identifier: MIT
# The timers of both ends: a point where each was set, as high as it was set for; filled if it ran out, open if it was stopped before.
# A line that climbs is a back-off. Grey bands are silences, folded.
set multiplot layout 2,1 title title noenhanced font ",15"
names = "retransmission tail-loss-probe reordering persist delayed-ack keepalive fin-wait-2 time-wait"
colours = "#0060a8 #d08000 #808000 #8040a0 #909090 #207020 #c05000 #404040"
set logscale y
set format y "%g"
set xrange [-0.02 * x_max : 1.03 * x_max]
set yrange [y_low / 2 : y_high * 2]
set xlabel "set at, seconds"
do for [side = 1:2] {
    set ylabel sprintf("%s: set for, seconds", side == 1 ? host_1 : host_2) noenhanced
    if (timers == 0) { set label "no timer was set" at graph 0.5, graph 0.5 center }
    plot for [i in seen] data index (side - 1) * 8 + int(i) - 1 using 1:2 with linespoints dashtype 3 linecolor rgb word(colours, int(i)) \
             pointtype 6 pointsize 1 title word(names, int(i)), \
         for [i in seen] data index (side - 1) * 8 + int(i) - 1 using 1:($4 == 1 ? $2 : 9e9) with points linecolor rgb word(colours, int(i)) \
             pointtype 7 pointsize 1 notitle
}
unset multiplot
set output
