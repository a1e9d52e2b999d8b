#pragma once

#include "config/settings.hpp"
#include "config/values.hpp"

/// What the tables of settings are written with. A `path` leads from the config to a member by
/// pointers to members: `&Config::front, &FrontConfig::streams`.
namespace hatchery::config {

using Read = Wrong (*)(const std::string&, Config&);

constexpr Setting plain(std::string_view name, std::string_view fallback, Read read) {
    return {name, fallback, false, {}, {}, read};
}

constexpr Setting secret(std::string_view name, Read read) {
    return {name, "", true, {}, {}, read};
}

/// The same setting, which must be there from `need` on; the hint says what to write.
constexpr Setting needed(Need need, std::string_view hint, Setting setting) {
    setting.needed_for = need;
    setting.hint = hint;
    return setting;
}

/// A fold over `.*`: config.*first.*second.
template <auto... path>
auto& at(Config& config) {
    return (config.*....*path);
}

template <long long least, long long most, auto... path>
Wrong number_at(const std::string& text, Config& config) {
    return read_number(text, least, most, at<path...>(config));
}

template <long long least, long long most, auto... path>
Wrong seconds_at(const std::string& text, Config& config) {
    return read_seconds(text, least, most, at<path...>(config));
}

template <long long least, long long most, auto... path>
Wrong days_at(const std::string& text, Config& config) {
    long long value = 0;
    Wrong wrong = read_whole(text, least, most, value);
    if (!wrong) at<path...>(config) = std::chrono::days(value);
    return wrong;
}

template <auto... path>
Wrong secret_at(const std::string& text, Config& config) {
    return read_secret(text, at<path...>(config));
}

template <auto... path>
Wrong url_at(const std::string& text, Config& config) {
    return read_url(text, at<path...>(config));
}

template <auto... path>
Wrong service_url_at(const std::string& text, Config& config) {
    return read_service_url(text, at<path...>(config));
}

template <auto... path>
Wrong word_at(const std::string& text, Config& config) {
    return read_word(text, at<path...>(config));
}

template <auto... path>
Wrong path_at(const std::string& text, Config& config) {
    return read_path(text, at<path...>(config));
}

template <auto... path>
Wrong printable_at(const std::string& text, Config& config) {
    return read_printable(text, at<path...>(config));
}

template <core::OperationKind kind>
Wrong deadline_of(const std::string& text, Config& config) {
    // A deploy that has less asks for no server: see create_limit in engine/late_create.hpp.
    constexpr int least = kind == core::OperationKind::deploy ? 120 : 10;
    return read_seconds(text, least, 86'400, config.deadlines[kind]);
}

}  // namespace hatchery::config
