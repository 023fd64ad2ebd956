" Made by `lastack keywords --format vim`; not to be edited.
if exists("b:current_syntax")
  finish
endif
syn case match
" letters, digits, _ - ( )
syn iskeyword @,48-57,_,45,40,41
syn match lastackOperator /->\|--\|+-\|\.\.\|=/
syn match lastackNumber /\%([A-Za-z0-9_$-]\)\@1<!-\=[0-9]\+\%(\.[0-9]\+\)\=\%(gbit\|kbit\|mbit\|GiB\|KiB\|MiB\|bit\|min\|GB\|MB\|kB\|ms\|ns\|us\|%\|h\|s\)\=[A-Za-z0-9_]\@!/
syn match lastackNumber /\%([A-Za-z0-9_.]\)\@1<!\%(rcv\.nxt\|rcv\.wnd\|snd\.nxt\|snd\.una\|irs\|iss\)\%(-[0-9]\+\)\=[A-Za-z0-9_.]\@!/
syn match lastackNumber /\%([A-Za-z0-9_]\)\@1<![0-9]\+\%(st\|nd\|rd\|th\)[A-Za-z0-9_]\@!/
syn match lastackNumber /\%([A-Za-z0-9_:]\)\@1<![0-9]\+:[0-9]\+\%(:[0-9]\+\%(\.[0-9]\+\)\=\)\=/
syn keyword lastackConditional within after maybe when at
syn keyword lastackStatement duplicate corrupt inject crash delay pause boot drop kill link ask cut say
syn keyword lastackStatement firewall language scenario service variant expect clock host seed stop app let nat
syn keyword lastackFunction shutdown connect accept listen abort close drain relay sleep exit recv send set
syn keyword lastackKeyword receives verdict breaks enters leaves spends holds never sends path sees wire is
syn keyword lastackConstant SYN_RECEIVED ESTABLISHED CLOSE_WAIT FIN_WAIT_1 FIN_WAIT_2 TIME_WAIT LAST_ACK SYN_SENT CLOSING CLOSED LISTEN
syn keyword lastackType ACK(FIN) probe data ACK FIN RST SYN any
syn keyword lastackConstant EADDRNOTAVAIL ECONNABORTED ECONNREFUSED EHOSTUNREACH EINPROGRESS ENETUNREACH EADDRINUSE ECONNRESET EOPNOTSUPP ETIMEDOUT EALREADY ENOTCONN EISCONN EAGAIN EINVAL EBADF EPIPE
syn keyword lastackType freebsd rfc9293 windows linux
syn keyword lastackKeyword backlog times until from then for as by in of to x
syn keyword lastackIdentifier linger_timeout_aborts window_edge_inclusive zero_window_fin_taken bare_fin_zero_window data_after_close_rst syn_received_refused syn_resent_after_rst accept_overflow_rst challenge_ack_limit closewait_rst_epipe data_across_fin_rst keepalive_death_rst rst_flushes_receive rto_min_on_variance syn_linear_timeouts hystart_low_window missing_ts_dropped hystart_ack_delta invalid_ratelimit tw_paws_binds_rst abort_always_rst close_unread_rst fin_timeout_held half_open_pruned keepalive_probes local_port_range paws_spares_acks rst_at_sack_edge rst_in_time_wait syn_in_time_wait synack_data_kept buffers_doubled comp_sack_delay comp_sack_slack fin_ack_delayed give_up_by_time keepalive_intvl old_ack_bounded orphan_fw2_mini syn_fin_ignored synack_repeated active_rst_ack keepalive_time max_tw_buckets nagle_minshall orphan_retries synack_retries tw_bound_reuse tw_reuse_delay window_scaling comp_sack_nr initial_cwnd isn_clock_ns user_timeout backlog_max fin_timeout max_orphans nonblocking rto_initial syn_cookies syn_retries timeout_min ts_clock_ns delack_max quick_acks rcvbuf_max sndbuf_max timestamps tw_restart keepalive reuseaddr time_wait quickack retries2 tw_reuse bunches closing hystart linger2 nodelay reorder rfc1337 rfc5961 rto_max rto_min delack jitter linger rcvbuf sndbuf dsack jiffy limit ticks tsval cork idle loss rack rate sack ack isn len msl mss mtu seq tlp win cc hz
syn keyword lastackConstant no-socket-for-ever no-old-duplicates errors-are-told fin-is-answered ack-means-kept no-silent-loss challenge-ack comes-to-rest higher-number rst-is-lawful orphan-bound legal-moves unsent-data ends-agree full-close half-open in-window time-wait fin-once gemodel ignored nothing refused rfc6191 timeout leaked prefix clean cubic every exact reset short write both none open read reno eof fin now off old on
syn keyword lastackIdentifier unacked state timer
syn match lastackLabel /^\s*\zs\h[A-Za-z0-9_-]*:\ze\%(\s\|$\)/
syn match lastackPreProc /\$\h[A-Za-z0-9_-]*/
syn match lastackSpecialChar /\\["\\n]/ contained
syn region lastackString start=/"/ skip=/\\\\\|\\"/ end=/"/ oneline contains=lastackSpecialChar,@Spell
syn match lastackComment /#.*$/ contains=@Spell
hi def link lastackConditional Conditional
hi def link lastackStatement Statement
hi def link lastackFunction Function
hi def link lastackKeyword Keyword
hi def link lastackConstant Constant
hi def link lastackType Type
hi def link lastackNumber Number
hi def link lastackIdentifier Identifier
hi def link lastackComment Comment
hi def link lastackString String
hi def link lastackSpecialChar SpecialChar
hi def link lastackLabel Label
hi def link lastackPreProc PreProc
hi def link lastackOperator Operator
let b:current_syntax = "lastack"
