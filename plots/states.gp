# SPDX-License-Identifier: MIT
# The states of both ends over time. Grey bands are silences, folded.
set title title noenhanced font ",15"
set xrange [-0.02 * x_max : 1.03 * x_max]
set xlabel "time, seconds"
set yrange [-0.6 : 10.6]
set ytics ("CLOSED" 0, "LISTEN" 1, "SYN_SENT" 2, "SYN_RECEIVED" 3, "ESTABLISHED" 4, "FIN_WAIT_1" 5, "FIN_WAIT_2" 6, \
           "CLOSE_WAIT" 7, "CLOSING" 8, "LAST_ACK" 9, "TIME_WAIT" 10) noenhanced
plot data index 0 using 1:($2 + 0.07) with steps linewidth 3 linecolor rgb "#0060a8" title host_1, \
     data index 0 using 1:($2 + 0.07) with points pointtype 7 pointsize 0.8 linecolor rgb "#0060a8" notitle, \
     data index 1 using 1:($2 - 0.07) with steps linewidth 3 dashtype 2 linecolor rgb "#c05000" title host_2, \
     data index 1 using 1:($2 - 0.07) with points pointtype 5 pointsize 0.8 linecolor rgb "#c05000" notitle
set output
