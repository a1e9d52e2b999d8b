#include "api/accept_encoding.hpp"

#include <algorithm>

#include "api/front/request_head.hpp"

namespace hatchery::api {

namespace {

constexpr std::string_view blanks = " \t";

/// Takes the first member off the list, without the blanks around it.
std::string_view take_member(std::string_view& list) {
    const auto end = list.find(',');
    std::string_view member = list.substr(0, end);
    list.remove_prefix(end == std::string_view::npos ? list.size() : end + 1);
    member.remove_prefix(std::min(member.find_first_not_of(blanks), member.size()));
    return member.substr(0, member.find_last_not_of(blanks) + 1);
}

}  // namespace

bool takes_coding(std::string_view list, std::string_view coding) {
    while (!list.empty()) {
        const auto member = take_member(list);
        if (!front::same_token(member.substr(0, member.find_first_of("; \t")), coding)) continue;
        const auto weight = member.find("q=0");
        const bool refused = weight != std::string_view::npos &&
                             member.find_first_not_of("0.", weight + 2) == std::string_view::npos;
        return !refused;
    }
    return false;
}

}  // namespace hatchery::api
