/* What Offhook's build of pjproject differs in. 250 lines a process are sold; the rest of the calls are
 * there so that a caller over the limit is refused by us, with a record and Retry-After, not by pjsua. */
#define PJSUA_MAX_CALLS             288
#define PJSUA_MAX_CONF_PORTS        640     /* two a call, and some */
#define PJSUA_MAX_ACC               16
#define PJ_IOQUEUE_MAX_HANDLES      2048    /* two media sockets a call, and the SIP connections */
#define PJSIP_MAX_TSX_COUNT         (16*1024-1)
#define PJSIP_MAX_DIALOG_COUNT      (4*1024-1)
#define PJSIP_MAX_PKT_LEN           8000    /* INVITEs of carriers and browsers outgrow 4000 bytes */
#define PJSIP_DONT_SWITCH_TO_TCP    1       /* a trunk that is spoken to over UDP need not listen on TCP */
#define PJMEDIA_HAS_VIDEO           0
#define PJMEDIA_HAS_G7221_CODEC     0
#define PJMEDIA_HAS_ILBC_CODEC      0
#define PJ_TERM_HAS_COLOR           0
