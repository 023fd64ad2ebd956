" SPDX-License-Identifier: MIT
" :make reads the file's mistakes into the quickfix list, gq lays it out.
if exists("b:did_ftplugin")
  finish
endif
let b:did_ftplugin = 1
setlocal commentstring=#\ %s comments=:# expandtab shiftwidth=4 softtabstop=4
setlocal makeprg=lastack\ check\ % errorformat=%f:%l:%c:\ %m,%-G%.%#
setlocal formatprg=lastack\ fmt\ -
let b:undo_ftplugin = "setlocal commentstring< comments< expandtab< shiftwidth< softtabstop< makeprg< errorformat< formatprg<"
