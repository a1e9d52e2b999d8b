#include "api/routes/month.hpp"

#include <charconv>

namespace hatchery::api::routes {

namespace {

using std::chrono::year_month;

Month month_of(year_month month) {
    const auto begin = std::chrono::sys_days(month / std::chrono::day(1));
    const auto end = std::chrono::sys_days((month + std::chrono::months(1)) / std::chrono::day(1));
    return {.text = base::format_time(begin).substr(0, 7), .begin = begin, .end = end};
}

year_month year_month_at(base::TimePoint time) {
    const std::chrono::year_month_day day(std::chrono::floor<std::chrono::days>(time));
    return day.year() / day.month();
}

std::optional<int> number_of(std::string_view text) {
    int value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = read.ec == std::errc{} && read.ptr == text.data() + text.size();
    return whole && value >= 0 ? std::optional(value) : std::nullopt;
}

std::optional<year_month> parse_month(std::string_view text) {
    if (text.size() != 7 || text[4] != '-') return std::nullopt;
    const auto year = number_of(text.substr(0, 4));
    const auto month = number_of(text.substr(5));
    if (!year || !month || *year < 2000 || *month < 1 || *month > 12) return std::nullopt;
    return std::chrono::year(*year) / std::chrono::month(static_cast<unsigned>(*month));
}

}  // namespace

Month month_at(base::TimePoint time) { return month_of(year_month_at(time)); }

Month month_before(base::TimePoint time, int months) {
    return month_of(year_month_at(time) - std::chrono::months(months));
}

Month read_month(QueryReader& query, base::TimePoint now) {
    year_month wanted = year_month_at(now);
    (void)query.text("month", [&](std::string_view text) -> core::Wrong {
        const auto month = parse_month(text);
        if (!month) return "must be a month such as 2026-11";
        wanted = *month;
        return std::nullopt;
    });
    return month_of(wanted);
}

}  // namespace hatchery::api::routes
