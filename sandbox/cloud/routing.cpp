#include "sandbox/cloud/routing.hpp"

#include <charconv>
#include <chrono>

namespace hatchery::sandbox {
namespace {

constexpr std::string_view kBearer = "Bearer ";

}  // namespace

std::vector<std::string_view> split_path(std::string_view path) {
    std::vector<std::string_view> segments;
    while (!path.empty()) {
        const auto slash = path.find('/', 1);
        segments.push_back(path.substr(1, slash == path.npos ? path.npos : slash - 1));
        path = slash == path.npos ? std::string_view{} : path.substr(slash);
    }
    return segments;
}

bool is_id(std::string_view segment, std::int64_t& id) {
    const auto [end, error] = std::from_chars(segment.data(), segment.data() + segment.size(), id);
    return error == std::errc{} && end == segment.data() + segment.size() && id > 0;
}

bool fits(std::string_view pattern, const std::vector<std::string_view>& segments,
          std::vector<std::string>& words) {
    const auto wanted = split_path(pattern);
    words.clear();
    if (wanted.size() != segments.size()) {
        return false;
    }
    for (std::size_t position = 0; position < wanted.size(); ++position) {
        if (wanted[position].starts_with('{')) {
            words.emplace_back(segments[position]);
        } else if (wanted[position] != segments[position]) {
            return false;
        }
    }
    return true;
}

bool fits(std::string_view pattern, const std::vector<std::string_view>& segments,
          std::vector<std::int64_t>& ids) {
    std::vector<std::string> words;
    ids.clear();
    if (!fits(pattern, segments, words)) {
        return false;
    }
    for (const std::string& word : words) {
        std::int64_t id = 0;
        if (!is_id(word, id)) {
            return false;
        }
        ids.push_back(id);
    }
    return true;
}

std::string token_of(const std::string& authorization) {
    if (!authorization.starts_with(kBearer)) {
        return "";
    }
    return authorization.substr(kBearer.size());
}

std::int64_t first_id() {
    constexpr std::int64_t kEpoch = 1'700'000'000;
    constexpr std::int64_t kIdsASecond = 50;
    const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    return (static_cast<std::int64_t>(now) - kEpoch) * kIdsASecond;
}

}  // namespace hatchery::sandbox
