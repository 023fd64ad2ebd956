# SPDX-License-Identifier: MIT
# What all plots begin with. The variables title, data, picture, format and those of the ranges are set before.
if (format eq "png") {
    set terminal pngcairo size 1280,720 font "Sans,11" background rgb "white"
} else {
    set terminal svg size 1280,720 font "sans-serif,13" background rgb "white"
}
set output picture
set datafile missing "NaN"
set encoding utf8
set border linecolor rgb "#404040"
set grid linecolor rgb "#d0d0d0"
set key outside right top noenhanced
set offsets 0, 0, 0, 0
