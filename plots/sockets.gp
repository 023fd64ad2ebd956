# SPDX-License-Identifier: MIT
# How many sockets each host holds, by state: those that pile up. Grey bands are times in which none changes, folded.
count = words(hosts)
wide = count > 3 ? 2 : 1
set multiplot layout (count + wide - 1) / wide, wide title title noenhanced font ",15"
names = "SYN_SENT SYN_RECEIVED ESTABLISHED FIN_WAIT_1 FIN_WAIT_2 CLOSE_WAIT CLOSING LAST_ACK TIME_WAIT"
colours = "#b0b000 #808000 #0060a8 #40a0c0 #c05000 #c00000 #8040a0 #d08000 #404040"
set xrange [-0.02 * x_max : 1.03 * x_max]
set yrange [-0.03 * y_max : (count > 2 ? 1.7 : 1.4) * y_max] # room for the lengths of the folds
if (y_max < 6) { set ytics 1 }
if (wide == 2) { set xtics rotate by -50 }
set xlabel "time, seconds"
do for [host = 1:count] {
    set ylabel sprintf("%s, sockets", word(hosts, host)) noenhanced
    plot for [i in seen] data index host - 1 using 1:(column(int(i) + 1)) with steps linewidth 2 linecolor rgb word(colours, int(i)) title word(names, int(i))
}
unset multiplot
set output
