#include "answers.hpp"

#include <initializer_list>

#include <pjsip_simple.h>
#include <pjsua2/types.hpp>
#include <pjsua-lib/pjsua_internal.h>

namespace offhook {

namespace {

// What each method gets outside and within a dialog; 0 is left to pjsua. 405 is for what we know and don't
// do, 481 for what makes sense within a dialog only.
struct Rule {
    const char *method;
    int outside, inside;
};

constexpr Rule kRules[] = {
    {"INVITE", 0, 0},
    {"ACK", 0, 0},
    {"CANCEL", 0, 0},
    {"OPTIONS", 0, 200},
    {"BYE", 481, 0},
    {"PRACK", 481, 0},
    {"UPDATE", 481, 0},
    {"INFO", 481, 200},     // or what statusOfInfo says
    {"NOTIFY", 481, 481},   // unless a subscription claims it
    {"REFER", 405, 0},      // within a call pjsua asks, and the answer is no
    {"MESSAGE", 405, 405},
    {"SUBSCRIBE", 405, 405},
    {"PUBLISH", 405, 405},
    {"REGISTER", 405, 405},
};
constexpr Rule kUnknown{"", 501, 501};

const Rule &ruleOf(const pjsip_method &method) {
    for (const Rule &rule : kRules)
        if (pj_strcmp2(&method.name, rule.method) == 0) return rule;
    return kUnknown;
}

pj_str_t literal(const char *text) { return pj_str(const_cast<char *>(text)); }

// The endpoint's own list: pjsip's modules only add to it, and have added what Offhook refuses.
void announce(pjsip_hdr_e type, std::initializer_list<const char *> values) {
    const pjsip_hdr *known = pjsip_endpt_get_capability(pjsua_var.endpt, type, nullptr);
    if (!known) throw pj::Error(PJ_ENOTFOUND, "installAnswers", "no capabilities", __FILE__, __LINE__);
    auto *list = reinterpret_cast<pjsip_generic_array_hdr *>(const_cast<pjsip_hdr *>(known));
    list->count = 0;
    for (const char *value : values) list->values[list->count++] = literal(value);
}

bool carriesKeys(const pjsip_msg_body &body) {
    return pj_stricmp2(&body.content_type.type, "application") == 0 &&
           (pj_stricmp2(&body.content_type.subtype, "dtmf-relay") == 0 ||
            pj_stricmp2(&body.content_type.subtype, "dtmf") == 0);
}

// RFC 6086: keys are its "legacy usage" (section 3.1), of packages we know none (section 4.2.2). What is no
// key and no package is judged by its body, as RFC 2976 section 2.2 did.
int statusOfInfo(const pjsip_msg &message) {
    const pj_str_t package = literal("Info-Package");
    const bool empty = !message.body || message.body->len == 0;
    if (!empty && carriesKeys(*message.body)) return PJSIP_SC_OK;
    if (pjsip_msg_find_hdr_by_name(&message, &package, nullptr)) return PJSIP_SC_BAD_INFO_PACKAGE;
    return empty ? PJSIP_SC_OK : PJSIP_SC_UNSUPPORTED_MEDIA_TYPE;
}

void addString(pjsip_tx_data *response, const char *name, const char *value) {
    const pj_str_t hname = literal(name), hvalue = literal(value);
    auto *header = pjsip_generic_string_hdr_create(response->pool, &hname, &hvalue);
    pjsip_msg_add_hdr(response->msg, reinterpret_cast<pjsip_hdr *>(header));
}

void answerWithinDialog(pjsip_transaction *tsx, pjsip_rx_data *rdata) {
    pjsip_dialog *dialog = pjsip_tsx_get_dlg(tsx);
    const bool info = pj_strcmp2(&tsx->method.name, "INFO") == 0;
    const bool notify = pj_strcmp2(&tsx->method.name, "NOTIFY") == 0;
    const int status = info ? statusOfInfo(*rdata->msg_info.msg) : ruleOf(tsx->method).inside;
    if (!dialog || status == 0) return;
    if (notify && pjsip_dlg_has_usage(dialog, pjsip_evsub_instance())) return;
    pjsip_tx_data *response;
    // Where this fails the dialog sends its 500.
    if (pjsip_dlg_create_response(dialog, rdata, status, nullptr, &response) != PJ_SUCCESS) return;
    switch (status) {
        case PJSIP_SC_OK:
            if (info) break;
            for (pjsip_hdr_e type : {PJSIP_H_ALLOW, PJSIP_H_ACCEPT, PJSIP_H_SUPPORTED})
                addCapability(response, type);
            break;
        case PJSIP_SC_UNSUPPORTED_MEDIA_TYPE:
            addString(response, "Accept", "application/dtmf-relay, application/dtmf");
            break;
        case PJSIP_SC_BAD_INFO_PACKAGE:
            addString(response, "Recv-Info", "");
            break;
        case PJSIP_SC_METHOD_NOT_ALLOWED:
        case PJSIP_SC_NOT_IMPLEMENTED:
            addCapability(response, PJSIP_H_ALLOW);
            break;
    }
    pjsip_dlg_send_response(dialog, tsx, response);
}

void (*tsxStateBefore)(pjsua_call_id, pjsip_transaction *, pjsip_event *) = nullptr;

// pjsua calls this before it looks at the request itself, and leaves alone what has been answered.
void onTsxState(pjsua_call_id call, pjsip_transaction *tsx, pjsip_event *event) {
    if (tsxStateBefore) tsxStateBefore(call, tsx, event);   // reads the keys
    if (tsx->role == PJSIP_ROLE_UAS && tsx->state == PJSIP_TSX_STATE_TRYING &&
        event->body.tsx_state.type == PJSIP_EVENT_RX_MSG)
        answerWithinDialog(tsx, event->body.tsx_state.src.rdata);
}

}  // namespace

int statusOutsideDialog(const pjsip_method &method) { return ruleOf(method).outside; }

pjsip_hdr *unsupported(const pjsip_rx_data &request) {
    pjsip_unsupported_hdr *lacking = nullptr;
    const void *next = request.msg_info.msg->hdr.next;
    while (const void *found = pjsip_msg_find_hdr(request.msg_info.msg, PJSIP_H_REQUIRE, next)) {
        const auto *require = static_cast<const pjsip_require_hdr *>(found);
        for (unsigned i = 0; i < require->count; ++i) {
            const pj_str_t &tag = require->values[i];
            if (pjsip_endpt_has_capability(pjsua_var.endpt, PJSIP_H_SUPPORTED, nullptr, &tag)) continue;
            if (!lacking) lacking = pjsip_unsupported_hdr_create(request.tp_info.pool);
            if (lacking->count < PJSIP_GENERIC_ARRAY_MAX_COUNT) lacking->values[lacking->count++] = tag;
        }
        next = require->next;
    }
    return reinterpret_cast<pjsip_hdr *>(lacking);
}

void addCapability(pjsip_tx_data *response, pjsip_hdr_e type) {
    if (pjsip_msg_find_hdr(response->msg, type, nullptr)) return;
    const pjsip_hdr *known = pjsip_endpt_get_capability(pjsua_var.endpt, type, nullptr);
    pjsip_msg_add_hdr(response->msg, static_cast<pjsip_hdr *>(pjsip_hdr_clone(response->pool, known)));
}

void installAnswers() {
    announce(PJSIP_H_ALLOW, {"INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "UPDATE", "PRACK", "INFO", "NOTIFY"});
    announce(PJSIP_H_ACCEPT, {"application/sdp", "application/dtmf-relay", "application/dtmf"});
    announce(PJSIP_H_SUPPORTED, {"100rel", "timer"});
    auto &callback = pjsua_var.ua_cfg.cb.on_call_tsx_state;
    if (callback == &onTsxState) return;
    tsxStateBefore = callback;
    callback = &onTsxState;
}

}  // namespace offhook
