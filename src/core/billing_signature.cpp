#include "core/billing_signature.hpp"

#include <charconv>

#include "base/unix_time.hpp"

namespace hatchery::core {

namespace {

constexpr std::size_t longest_header = 1'024;
constexpr std::size_t most_signatures = 8;
/// Ten digits last until the year 2286.
constexpr std::size_t longest_timestamp = 10;

bool is_signature(std::string_view text) {
    return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == text.npos;
}

std::optional<base::TimePoint> read_time(std::string_view text) {
    if (text.empty() || text.size() > longest_timestamp) return std::nullopt;
    long long seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc{} || end != text.data() + text.size() || seconds < 0) {
        return std::nullopt;
    }
    return base::time_of_unix_seconds(seconds);
}

}  // namespace

std::optional<BillingSignature> read_billing_signature(std::string_view header) {
    if (header.size() > longest_header) return std::nullopt;
    BillingSignature signature;
    while (!header.empty()) {
        const auto comma = header.find(',');
        const std::string_view part = header.substr(0, comma);
        header.remove_prefix(comma == header.npos ? header.size() : comma + 1);
        if (part.starts_with("t=")) {
            const auto time = read_time(part.substr(2));
            if (!time || !signature.timestamp.empty()) return std::nullopt;
            signature.timestamp = part.substr(2);
            signature.at = *time;
        } else if (part.starts_with("v1=")) {
            if (!is_signature(part.substr(3))) return std::nullopt;
            if (signature.signatures.size() == most_signatures) return std::nullopt;
            signature.signatures.emplace_back(part.substr(3));
        }
    }
    if (signature.timestamp.empty() || signature.signatures.empty()) return std::nullopt;
    return signature;
}

bool is_recent(const BillingSignature& signature, base::TimePoint now) {
    return signature.at >= now - billing_tolerance && signature.at <= now + billing_tolerance;
}

}  // namespace hatchery::core
