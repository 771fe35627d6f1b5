#include "ring.hpp"

#include <cerrno>
#include <cmath>
#include <cstring>
#include <ctime>
#include <random>

#include <sys/eventfd.h>
#include <unistd.h>

#include <pjsua2/types.hpp>

namespace offhook {

namespace {

constexpr size_t kNoiseFrames = 100;
constexpr size_t kNoiseStep = 1009;

std::mutex currentMutex;
std::weak_ptr<Slab> current;

template <typename T>
Counters<T> zeros(int lines) {
    return Counters<T>(new std::atomic<T>[lines]());
}

template <typename T>
unsigned long long address(const T *p) {
    return reinterpret_cast<unsigned long long>(p);
}

}  // namespace

int64_t monotonicNs() {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return int64_t(now.tv_sec) * 1000000000 + now.tv_nsec;
}

Slab::Slab(int lines_, int frameSamples_)
    : lines(lines_),
      frameSamples(frameSamples_),
      in(size_t(lines_) * kDepth * frameSamples_),
      out(size_t(lines_) * kDepth * frameSamples_),
      sent(size_t(lines_) * kDepth * frameSamples_),
      sentNow(size_t(lines_)),
      inWritten(zeros<uint64_t>(lines_)),
      outWritten(zeros<uint64_t>(lines_)),
      outTaken(zeros<uint64_t>(lines_)),
      outMissed(zeros<uint64_t>(lines_)),
      rxPackets(zeros<uint64_t>(lines_)),
      rxRefused(zeros<uint64_t>(lines_)),
      txPackets(zeros<uint64_t>(lines_)),
      rxLastNs(zeros<int64_t>(lines_)),
      fd(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    if (fd < 0)
        throw pj::Error(PJ_RETURN_OS_ERROR(errno), "eventfd", "no eventfd for the ring", __FILE__, __LINE__);
    events.reserve(kMaxEvents);
}

Slab::~Slab() { close(fd); }

void Slab::tick() {
    ticks.fetch_add(1, std::memory_order_relaxed);
    if (ports.load(std::memory_order_relaxed) == 0 || signalled.exchange(true)) return;
    eventfd_write(fd, 1);   // can only fail with 2^64 unread ticks
}

const int16_t *Slab::noiseFrame() {
    const auto *table = noise.load(std::memory_order_acquire);
    if (!table) return nullptr;
    // One step of a prime number of samples a frame: lines that are silent together don't hum together.
    noiseAt = (noiseAt + kNoiseStep) % (table->size() - frameSamples);
    return table->data() + noiseAt;
}

void Slab::setComfortNoise(double dbfs) {
    if (dbfs <= -100.0) {
        noise.store(nullptr, std::memory_order_release);
        return;
    }
    std::mt19937 random(4733);
    std::normal_distribution<double> normal(0.0, 32768.0 * std::pow(10.0, dbfs / 20.0));
    auto table = std::make_unique<std::vector<int16_t>>(kNoiseFrames * size_t(frameSamples));
    for (auto &sample : *table)
        sample = int16_t(std::lround(std::fmax(-32768.0, std::fmin(32767.0, normal(random)))));
    noise.store(table.get(), std::memory_order_release);
    noises.push_back(std::move(table));
}

void Slab::pushEvent(const OffhookTelephoneEvent &event) {
    std::lock_guard<std::mutex> hold(eventMutex);
    if (events.size() < kMaxEvents)
        events.push_back(event);
    else
        eventsDropped.fetch_add(1, std::memory_order_relaxed);
}

void Slab::reset(int line) {
    for (auto *counters : {&inWritten, &outWritten, &outTaken, &outMissed, &rxPackets, &rxRefused, &txPackets})
        (*counters)[line].store(0);
    rxLastNs[line].store(0);
    std::memset(inFrame(line, 0), 0, kDepth * frameSamples * sizeof(int16_t));
    std::memset(outFrame(line, 0), 0, kDepth * frameSamples * sizeof(int16_t));
    std::memset(sentFrame(line, 0), 0, kDepth * frameSamples * sizeof(int16_t));
    sentNow[line] = 0;
    std::lock_guard<std::mutex> hold(eventMutex);
    std::erase_if(events, [line](const OffhookTelephoneEvent &event) { return event.line == line; });
}

std::shared_ptr<Slab> currentSlab() {
    std::lock_guard<std::mutex> hold(currentMutex);
    return current.lock();
}

OffhookRing::OffhookRing(int lines, int frameSamples) {
    if (lines < 1 || frameSamples < 1)
        throw pj::Error(PJ_EINVAL, "OffhookRing", "lines and frame_samples must be positive", __FILE__, __LINE__);
    slab_ = std::make_shared<Slab>(lines, frameSamples);
    {
        std::lock_guard<std::mutex> hold(currentMutex);
        current = slab_;
    }
    installHooks();
}

OffhookRing::~OffhookRing() = default;

int OffhookRing::lines() const { return slab_->lines; }
int OffhookRing::frameSamples() const { return slab_->frameSamples; }
int OffhookRing::depth() { return int(kDepth); }
int OffhookRing::eventFd() const { return slab_->fd; }
uint64_t OffhookRing::ticks() const { return slab_->ticks.load(); }

void OffhookRing::drained() {
    eventfd_t count;
    eventfd_read(slab_->fd, &count);    // EAGAIN: woken for another reason, nothing to read
    slab_->signalled.store(false);      // sequentially consistent: counters read after this are fresh
}

unsigned long long OffhookRing::inAddress() const { return address(slab_->in.data()); }
unsigned long long OffhookRing::outAddress() const { return address(slab_->out.data()); }
unsigned long long OffhookRing::sentAddress() const { return address(slab_->sent.data()); }
unsigned long long OffhookRing::inWrittenAddress() const { return address(slab_->inWritten.get()); }
unsigned long long OffhookRing::outWrittenAddress() const { return address(slab_->outWritten.get()); }
unsigned long long OffhookRing::outTakenAddress() const { return address(slab_->outTaken.get()); }
unsigned long long OffhookRing::outMissedAddress() const { return address(slab_->outMissed.get()); }
unsigned long long OffhookRing::rxPacketsAddress() const { return address(slab_->rxPackets.get()); }
unsigned long long OffhookRing::rxRefusedAddress() const { return address(slab_->rxRefused.get()); }
unsigned long long OffhookRing::rxLastNsAddress() const { return address(slab_->rxLastNs.get()); }
unsigned long long OffhookRing::txPacketsAddress() const { return address(slab_->txPackets.get()); }

std::vector<OffhookTelephoneEvent> OffhookRing::takeEvents() {
    std::vector<OffhookTelephoneEvent> taken;
    std::lock_guard<std::mutex> hold(slab_->eventMutex);
    if (slab_->events.empty()) return taken;
    taken.assign(slab_->events.begin(), slab_->events.end());
    slab_->events.clear();
    return taken;
}

void OffhookRing::setComfortNoise(double dbfs) { slab_->setComfortNoise(dbfs); }

uint64_t OffhookRing::eventsDropped() const { return slab_->eventsDropped.load(); }

void OffhookRing::reset(int line) {
    if (line < 0 || line >= slab_->lines)
        throw pj::Error(PJ_EINVAL, "OffhookRing::reset", "no such line", __FILE__, __LINE__);
    slab_->reset(line);
}

}  // namespace offhook
