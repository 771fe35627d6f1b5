// Two pjsip modules of ours: one copies every message on its way, one answers before pjsua does.
#include <atomic>
#include <ctime>
#include <deque>
#include <mutex>
#include <string_view>

#include <pjsip.h>
#include <pjsua2/types.hpp>
#include <pjsua-lib/pjsua_internal.h>

#include "access_list.hpp"
#include "answers.hpp"
#include "offhook.hpp"
#include "ring.hpp"

namespace offhook {

namespace {

constexpr size_t kMaxMessages = 8192;
constexpr size_t kMaxMessageBytes = 16 << 20;

std::string text(const pj_str_t &s) { return std::string(s.ptr, s.ptr ? s.slen : 0); }

}  // namespace

// pjsip's module callbacks carry no user data, so there is one of these a process.
class GateState {
public:
    static GateState &instance() {
        static GateState state;
        return state;
    }

    void begin(const OffhookGate *gate);
    void start();
    void end(const OffhookGate *gate);

    bool received(pjsip_rx_data *rdata);    // true: answered here
    void copy(OffhookMessage message);

    std::atomic<int> status{503};
    std::atomic<int> retryAfter{5};
    std::atomic<uint64_t> refusedSources{0}, refusedCalls{0}, messagesDropped{0};

    std::mutex mutex;                       // SIP threads and the loop
    AccessList access;
    std::deque<OffhookMessage> messages;
    size_t messageBytes = 0;

private:
    void refuse(pjsip_rx_data *rdata, int code, pjsip_hdr *why = nullptr);
    const OffhookGate *gate_ = nullptr;     // the newest, which is the one in use
};

namespace {

int64_t realtimeNs() {
    timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return int64_t(now.tv_sec) * 1000000000 + now.tv_nsec;
}

std::string hostPort(const char *host, int port) {
    const bool v6 = std::string_view(host).find(':') != std::string_view::npos;
    return (v6 ? "[" + std::string(host) + "]" : std::string(host)) + ":" + std::to_string(port);
}

pj_bool_t copyReceived(pjsip_rx_data *rdata) {
    OffhookMessage message;
    message.atNs = realtimeNs();
    message.sent = false;
    message.peer = hostPort(rdata->pkt_info.src_name, rdata->pkt_info.src_port);
    message.transport = rdata->tp_info.transport->type_name;
    if (rdata->msg_info.cid) message.callId = text(rdata->msg_info.cid->id);
    message.text.assign(rdata->msg_info.msg_buf, rdata->msg_info.len);
    GateState::instance().copy(std::move(message));
    return PJ_FALSE;
}

pj_status_t copySent(pjsip_tx_data *tdata) {
    OffhookMessage message;
    message.atNs = realtimeNs();
    message.sent = true;
    message.peer = hostPort(tdata->tp_info.dst_name, tdata->tp_info.dst_port);
    message.transport = tdata->tp_info.transport->type_name;
    const void *header = pjsip_msg_find_hdr(tdata->msg, PJSIP_H_CALL_ID, nullptr);
    if (header) message.callId = text(static_cast<const pjsip_cid_hdr *>(header)->id);
    message.text.assign(tdata->buf.start, tdata->buf.cur - tdata->buf.start);
    GateState::instance().copy(std::move(message));
    return PJ_SUCCESS;
}

pj_bool_t judge(pjsip_rx_data *rdata) { return GateState::instance().received(rdata); }

pjsip_module module(const char *name, int priority) {
    pjsip_module mod{};
    mod.name = pj_str(const_cast<char *>(name));
    mod.id = -1;    // while it isn't registered; pjsip keeps it so, also when the endpoint goes
    mod.priority = priority;
    return mod;
}

// Next to the wire, so that retransmissions and what pjsip itself refuses are in the trace too.
pjsip_module copyModule = module("mod-offhook-trace", PJSIP_MOD_PRIORITY_TRANSPORT_LAYER - 1);
// Behind the transactions, which absorb retransmissions of what was let in, and before the dialogs.
pjsip_module gateModule = module("mod-offhook-gate", PJSIP_MOD_PRIORITY_UA_PROXY_LAYER - 1);

}  // namespace

void GateState::begin(const OffhookGate *gate) {
    std::lock_guard<std::mutex> hold(mutex);
    gate_ = gate;
    status = 503;
    retryAfter = 5;
    access.clear();
    messages.clear();
    messageBytes = 0;
}

void GateState::start() {
    copyModule.on_rx_request = copyModule.on_rx_response = &copyReceived;
    copyModule.on_tx_request = copyModule.on_tx_response = &copySent;
    gateModule.on_rx_request = &judge;
    for (pjsip_module *mod : {&copyModule, &gateModule}) {
        if (mod->id >= 0) continue;
        const pj_status_t registered = pjsip_endpt_register_module(pjsua_var.endpt, mod);
        if (registered != PJ_SUCCESS)
            throw pj::Error(registered, "OffhookGate::start", text(mod->name), __FILE__, __LINE__);
    }
    installAnswers();
}

void GateState::end(const OffhookGate *gate) {
    if (gate != gate_ || !pjsua_var.endpt) return;      // libDestroy took the modules along
    for (pjsip_module *mod : {&gateModule, &copyModule})
        if (mod->id >= 0) pjsip_endpt_unregister_module(pjsua_var.endpt, mod);
}

void GateState::refuse(pjsip_rx_data *rdata, int code, pjsip_hdr *why) {
    pjsip_tx_data *response;
    if (pjsip_endpt_create_response(pjsua_var.endpt, rdata, code, nullptr, &response) != PJ_SUCCESS) return;
    if (why) pjsip_msg_add_hdr(response->msg, static_cast<pjsip_hdr *>(pjsip_hdr_clone(response->pool, why)));
    if (code == PJSIP_SC_METHOD_NOT_ALLOWED || code == PJSIP_SC_NOT_IMPLEMENTED)
        addCapability(response, PJSIP_H_ALLOW);
    if (pjsip_endpt_send_response2(pjsua_var.endpt, rdata, response, nullptr, nullptr) != PJ_SUCCESS)
        pjsip_tx_data_dec_ref(response);
}

bool GateState::received(pjsip_rx_data *rdata) {
    const pjsip_method &method = rdata->msg_info.msg->line.req.method;
    // An ACK gets no answer: that of a call has a dialog, and pjsip drops that of a refusal.
    if (method.id == PJSIP_ACK_METHOD) return false;
    // pjsip answers 481 to a tag that isn't ours, but to no REGISTER.
    const bool inDialog = rdata->msg_info.to && rdata->msg_info.to->tag.slen > 0 &&
                          method.id != PJSIP_REGISTER_METHOD;
    if (!inDialog) {
        bool known;
        {
            std::lock_guard<std::mutex> hold(mutex);
            known = allowed(access, rdata->pkt_info.src_addr);
        }
        if (!known) refusedSources.fetch_add(1);
        if (const int code = known ? statusOutsideDialog(method) : PJSIP_SC_FORBIDDEN) {
            refuse(rdata, code);
            return true;
        }
    }
    if (method.id == PJSIP_CANCEL_METHOD) return false;
    if (pjsip_hdr *lacking = unsupported(*rdata)) {
        refuse(rdata, PJSIP_SC_BAD_EXTENSION, lacking);
        return true;
    }
    if (inDialog || status.load() == 200) return false;
    if (method.id == PJSIP_INVITE_METHOD) refusedCalls.fetch_add(1);
    auto *later = pjsip_retry_after_hdr_create(rdata->tp_info.pool, retryAfter.load());
    refuse(rdata, PJSIP_SC_SERVICE_UNAVAILABLE, reinterpret_cast<pjsip_hdr *>(later));
    return true;
}

void GateState::copy(OffhookMessage message) {
    std::lock_guard<std::mutex> hold(mutex);
    if (messages.size() >= kMaxMessages || messageBytes + message.text.size() > kMaxMessageBytes) {
        messagesDropped.fetch_add(1);
        return;
    }
    messageBytes += message.text.size();
    messages.push_back(std::move(message));
}

OffhookGate::OffhookGate() : state_(GateState::instance()) { state_.begin(this); }

OffhookGate::~OffhookGate() { state_.end(this); }

void OffhookGate::start() {
    if (!pjsua_var.endpt)
        throw pj::Error(PJ_EINVALIDOP, "OffhookGate::start", "libInit has not run", __FILE__, __LINE__);
    state_.start();
    installHooks();
}

void OffhookGate::setState(int status, int retryAfter) {
    if ((status != 200 && status != 503) || retryAfter < 0)
        throw pj::Error(PJ_EINVAL, "OffhookGate::setState", "200 or 503", __FILE__, __LINE__);
    state_.retryAfter.store(retryAfter);
    state_.status.store(status);
}

void OffhookGate::setAllowed(const std::vector<std::string> &cidrs) {
    AccessList list;
    for (const std::string &cidr : cidrs) {
        const auto entry = AccessEntry::parse(cidr);
        if (!entry)
            throw pj::Error(PJ_EINVAL, "OffhookGate::setAllowed", "no address or block: " + cidr, __FILE__,
                            __LINE__);
        list.push_back(*entry);
    }
    std::lock_guard<std::mutex> hold(state_.mutex);
    state_.access = std::move(list);
}

uint64_t OffhookGate::refusedSources() const { return state_.refusedSources.load(); }
uint64_t OffhookGate::refusedCalls() const { return state_.refusedCalls.load(); }
uint64_t OffhookGate::messagesDropped() const { return state_.messagesDropped.load(); }

std::vector<OffhookMessage> OffhookGate::takeMessages(int max) {
    std::vector<OffhookMessage> taken;
    std::lock_guard<std::mutex> hold(state_.mutex);
    while (!state_.messages.empty() && int(taken.size()) < max) {
        state_.messageBytes -= state_.messages.front().text.size();
        taken.push_back(std::move(state_.messages.front()));
        state_.messages.pop_front();
    }
    return taken;
}

}  // namespace offhook
