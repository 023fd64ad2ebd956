# SPDX-License-Identifier: MIT
# Sequence numbers over time, one panel a direction: what was sent, again, lost, and acknowledged as far as
# its sender was told. Grey bands are silences, folded. A direction in which nothing was sent says so.
array sent[2]
do for [side = 1:2] {
    stats data index (side - 1) * 6:(side - 1) * 6 + 4 using ($1 >= 0 ? 1 : 0) nooutput
    sent[side] = STATS_sum
}
set multiplot layout 2,1 title title noenhanced font ",15"
set xrange [-0.02 * x_max : 1.03 * x_max]
set xlabel "time, seconds"
do for [side = 1:2] {
    first_block = (side - 1) * 6
    from = side == 1 ? host_1 : host_2
    to = side == 1 ? host_2 : host_1
    y_top = side == 1 ? y_max_1 : y_max_2
    set yrange [-0.05 * y_top : 1.12 * y_top + 1]
    set ylabel sprintf("%s to %s, bytes", from, to) noenhanced
    unset label 9999
    if (sent[side] == 0) {
        set label 9999 sprintf("%s sends neither data nor FIN nor RST", from) at graph 0.5, graph 0.5 center noenhanced
    }
    plot data index first_block + 5 using 1:2 with steps linecolor rgb "#909090" title "acknowledged", \
         data index first_block using 1:2:(0):($3 - $2) with vectors nohead linewidth 4 linecolor rgb "#0060a8" title "sent", \
         data index first_block + 1 using 1:2:(0):($3 - $2) with vectors nohead linewidth 4 linecolor rgb "#d08000" title "sent again", \
         data index first_block + 2 using 1:2 with points pointtype 2 pointsize 1.5 linewidth 2 linecolor rgb "#c00000" title "lost", \
         data index first_block + 3 using 1:2 with points pointtype 9 pointsize 1.5 linecolor rgb "#207020" title "FIN", \
         data index first_block + 4 using 1:2 with points pointtype 5 pointsize 1.3 linecolor rgb "#c00000" title "RST"
}
unset multiplot
set output
