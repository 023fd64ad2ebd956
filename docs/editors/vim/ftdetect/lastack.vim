" SPDX-License-Identifier: MIT
au BufRead,BufNewFile *.scn setfiletype lastack
