// The line's port on the bridge, and the bridge's tick. Everything here but create() and release() runs
// on pjmedia's clock thread: no allocation, no Python, and no lock that anybody holds for longer than a copy.
#include <cstring>
#include <memory>

#include <pjsua2/endpoint.hpp>
#include <pjsua-lib/pjsua_internal.h>

#include "ring.hpp"

namespace offhook {

namespace {

// What the clock thread needs of a line. It outlives the OffhookPort: the bridge removes ports on a later
// tick, and the pjmedia_port is destroyed when the last of the two lets go.
struct Context {
    std::shared_ptr<Slab> slab;
    int line;
    bool live;          // under the port's group lock
    pj_pool_t *pool;
};

Context *contextOf(pjmedia_port *port) { return static_cast<Context *>(port->port_data.pdata); }

// The bridge asks what the line says.
pj_status_t getFrame(pjmedia_port *port, pjmedia_frame *frame) {
    pj_grp_lock_acquire(port->grp_lock);
    Context *context = contextOf(port);
    frame->type = PJMEDIA_FRAME_TYPE_NONE;      // the bridge makes it silence, where nothing fills it
    if (context->live) {
        Slab &slab = *context->slab;
        const int line = context->line;
        const uint64_t taken = slab.outTaken[line].load(std::memory_order_relaxed);
        const int64_t ahead = int64_t(slab.outWritten[line].load(std::memory_order_acquire) - taken);
        const size_t bytes = slab.frameSamples * sizeof(int16_t);
        const bool said = ahead > 0 && frame->size >= bytes;
        const int16_t *source = said ? slab.outFrame(line, taken) : slab.noiseFrame();
        if (source && frame->size >= bytes) {
            std::memcpy(frame->buf, source, bytes);
            frame->size = bytes;
            frame->type = PJMEDIA_FRAME_TYPE_AUDIO;
            // The bridge asks all ports before it gives to any: this is sent while that frame is heard.
            std::memcpy(slab.sentFrame(line, slab.inWritten[line].load(std::memory_order_relaxed)), source, bytes);
            slab.sentNow[line] = 1;
        }
        if (said)
            slab.outTaken[line].store(taken + 1, std::memory_order_release);
        else
            slab.outMissed[line].fetch_add(1, std::memory_order_relaxed);
    }
    pj_grp_lock_release(port->grp_lock);
    return PJ_SUCCESS;
}

// The bridge hands over what the line hears; with nobody connected or nothing received, an empty frame.
pj_status_t putFrame(pjmedia_port *port, pjmedia_frame *frame) {
    pj_grp_lock_acquire(port->grp_lock);
    Context *context = contextOf(port);
    if (context->live) {
        Slab &slab = *context->slab;
        const int line = context->line;
        const uint64_t written = slab.inWritten[line].load(std::memory_order_relaxed);
        const size_t bytes = slab.frameSamples * sizeof(int16_t);
        int16_t *slot = slab.inFrame(line, written);
        // Audio time goes on while the line is on hold, so that it can be counted in samples.
        if (frame->type == PJMEDIA_FRAME_TYPE_AUDIO && frame->size >= bytes)
            std::memcpy(slot, frame->buf, bytes);
        else
            std::memset(slot, 0, bytes);
        if (!slab.sentNow[line]) std::memset(slab.sentFrame(line, written), 0, bytes);
        slab.sentNow[line] = 0;
        slab.inWritten[line].store(written + 1, std::memory_order_release);
    }
    pj_grp_lock_release(port->grp_lock);
    return PJ_SUCCESS;
}

pj_status_t onDestroy(pjmedia_port *port) {
    std::unique_ptr<Context> context(contextOf(port));
    pj_pool_release(context->pool);
    return PJ_SUCCESS;
}

pj_status_t (*bridgeTick)(pjmedia_port *, pjmedia_frame *) = nullptr;

// The bridge serves all its ports inside get_frame of its master port: when that returns the tick is over.
pj_status_t tickAndTell(pjmedia_port *port, pjmedia_frame *frame) {
    const pj_status_t status = bridgeTick(port, frame);
    if (auto slab = currentSlab()) slab->tick();
    return status;
}

pjmedia_transport *(*createdBefore)(pjsua_call_id, unsigned, pjmedia_transport *, unsigned) = nullptr;

pjmedia_transport *onCreateTransport(pjsua_call_id call, unsigned media, pjmedia_transport *base,
                                     unsigned flags) {
    pjmedia_transport *transport = createdBefore ? createdBefore(call, media, base, flags) : base;
    auto slab = currentSlab();
    const bool audio = pjsua_var.calls[call].media_prov[media].type == PJMEDIA_TYPE_AUDIO;
    if (!transport || !slab || call >= slab->lines || !audio) return transport;
    return createRtpTap(transport, std::move(slab), call);
}

}  // namespace

void installHooks() {
    const pjsua_state state = pjsua_get_state();
    if (state < PJSUA_STATE_INIT || state > PJSUA_STATE_RUNNING || !pjsua_var.mconf) return;
    auto &callbacks = pjsua_var.ua_cfg.cb;
    if (callbacks.on_create_media_transport != &onCreateTransport) {
        createdBefore = callbacks.on_create_media_transport;
        callbacks.on_create_media_transport = &onCreateTransport;
    }
    // pjsua2 would report each change of the bridge to Python from within the tick.
    callbacks.on_conf_op_completed = nullptr;
    pjmedia_conf_set_op_cb(pjsua_var.mconf, nullptr);
    pjmedia_port *master = pjmedia_conf_get_master_port(pjsua_var.mconf);
    if (master->get_frame != &tickAndTell) {
        bridgeTick = master->get_frame;
        master->get_frame = &tickAndTell;
    }
}

OffhookPort::OffhookPort(OffhookRing &ring, int line) : slab_(ring.slab()), line_(line) {}

OffhookPort::~OffhookPort() { release(); }

void OffhookPort::create(const std::string &name, int clockRate, int ptimeMs) {
    if (port_) throw pj::Error(PJ_EEXISTS, "OffhookPort::create", name, __FILE__, __LINE__);
    if (line_ < 0 || line_ >= slab_->lines || clockRate * ptimeMs != slab_->frameSamples * 1000)
        throw pj::Error(PJ_EINVAL, "OffhookPort::create", "line or frame size doesn't fit the ring", __FILE__,
                        __LINE__);
    installHooks();
    pj_pool_t *pool = pjsua_pool_create("offhook%p", 1000, 500);
    if (!pool) throw pj::Error(PJ_ENOMEM, "OffhookPort::create", name, __FILE__, __LINE__);
    pjmedia_port *port = PJ_POOL_ZALLOC_T(pool, pjmedia_port);
    pj_str_t portName;
    pj_strdup2_with_null(pool, &portName, name.c_str());
    pjmedia_port_info_init(&port->info, &portName, PJMEDIA_SIG_CLASS_APP('O', 'F', 'H'), clockRate, 1, 16,
                           slab_->frameSamples);
    port->port_data.pdata = new Context{slab_, line_, true, pool};
    port->get_frame = &getFrame;
    port->put_frame = &putFrame;
    port->on_destroy = &onDestroy;
    const pj_status_t status = pjmedia_port_init_grp_lock(port, pool, nullptr);
    if (status != PJ_SUCCESS) {
        onDestroy(port);
        throw pj::Error(status, "OffhookPort::create", name, __FILE__, __LINE__);
    }
    port_ = port;
    slab_->ports.fetch_add(1);
    try {
        registerMediaPort2(port, pool);
    } catch (...) {
        release();
        throw;
    }
}

void OffhookPort::release() {
    if (!port_) return;
    pjmedia_port *port = port_;
    port_ = nullptr;
    slab_->ports.fetch_sub(1);
    const pjsua_state state = pjsua_get_state();
    if (state == PJSUA_STATE_NULL) return;      // libDestroy has freed the pools with all that was in them
    pj_grp_lock_acquire(port->grp_lock);
    contextOf(port)->live = false;
    pj_grp_lock_release(port->grp_lock);
    if (id != PJSUA_INVALID_ID) unregisterMediaPort();
    pjmedia_port_destroy(port);
}

}  // namespace offhook
