// Which source addresses may open dialogs with us. Pure.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include <pjlib.h>

namespace offhook {

// One IPv4 address or CIDR block, or one IPv6 address.
struct AccessEntry {
    int family;
    unsigned char address[16];
    uint32_t mask;              // IPv4, host order

    // Nothing where `text` is neither.
    static std::optional<AccessEntry> parse(const std::string &text) {
        AccessEntry entry{};
        const size_t slash = text.find('/');
        const pj_str_t host{const_cast<char *>(text.data()), pj_ssize_t(std::min(slash, text.size()))};
        int bits = 32;
        if (slash != std::string::npos) {
            const std::string digits = text.substr(slash + 1);
            if (digits.empty() || digits.size() > 2 ||
                digits.find_first_not_of("0123456789") != std::string::npos)
                return std::nullopt;
            bits = std::stoi(digits);
            if (bits > 32) return std::nullopt;
        }
        if (pj_inet_pton(pj_AF_INET(), &host, entry.address) == PJ_SUCCESS) {
            entry.family = pj_AF_INET();
            entry.mask = bits == 0 ? 0 : ~uint32_t(0) << (32 - bits);
            return entry;
        }
        if (slash != std::string::npos) return std::nullopt;
        if (pj_inet_pton(pj_AF_INET6(), &host, entry.address) != PJ_SUCCESS) return std::nullopt;
        entry.family = pj_AF_INET6();
        return entry;
    }

    bool matches(const pj_sockaddr &source) const {
        if (source.addr.sa_family == family) {
            const void *bytes = pj_sockaddr_get_addr(&source);
            if (family == pj_AF_INET()) return ((ipv4(bytes) ^ ipv4(address)) & mask) == 0;
            return pj_memcmp(bytes, address, 16) == 0;
        }
        // A dual-stack socket shows IPv4 sources as ::ffff:a.b.c.d.
        static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
        if (family != pj_AF_INET() || source.addr.sa_family != pj_AF_INET6()) return false;
        const auto *bytes = static_cast<const unsigned char *>(pj_sockaddr_get_addr(&source));
        return pj_memcmp(bytes, mapped, 12) == 0 && ((ipv4(bytes + 12) ^ ipv4(address)) & mask) == 0;
    }

private:
    static uint32_t ipv4(const void *bytes) {
        uint32_t net;
        pj_memcpy(&net, bytes, 4);
        return pj_ntohl(net);
    }
};

using AccessList = std::vector<AccessEntry>;

// An empty list lets everybody in.
inline bool allowed(const AccessList &list, const pj_sockaddr &source) {
    if (list.empty()) return true;
    for (const AccessEntry &entry : list)
        if (entry.matches(source)) return true;
    return false;
}

}  // namespace offhook
