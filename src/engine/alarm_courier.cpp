#include "engine/alarm_courier.hpp"

#include <fmt/format.h>

#include "base/json_value.hpp"
#include "base/log.hpp"
#include "core/retry.hpp"

namespace hatchery::engine {

namespace {

using namespace std::chrono_literals;
using base::Json;
using ports::AlarmNews;

constexpr auto call_limit = 10s;
/// What happened longer ago helps nobody any more; GET /api/admin/alarms still lists it.
constexpr auto news_kept = 24h;
constexpr int most_at_once = 20;
constexpr core::RetryPolicy patience{.first_delay = base::Milliseconds{2'000},
                                     .max_delay = base::Milliseconds{300'000}};

std::string_view word(AlarmNews::What what) {
    switch (what) {
        case AlarmNews::What::raised:
            return "raised";
        case AlarmNews::What::cleared:
            return "cleared";
    }
    return "?";
}

Json body_of(const AlarmNews& news, const std::string& installation) {
    const auto& record = news.record;
    const bool cleared = news.what == AlarmNews::What::cleared && record.cleared_at;
    return {{"type", "alarm"},
            {"event", word(news.what)},
            {"id", record.id.text()},
            {"kind", base::to_text(record.alarm.kind)},
            {"provider", record.alarm.subject.empty() ? Json() : Json(record.alarm.subject)},
            {"cause", record.alarm.cause},
            {"nextAction", record.alarm.next_action},
            {"raisedAt", base::format_time(record.raised_at)},
            {"clearedAt", cleared ? Json(base::format_time(*record.cleared_at)) : Json()},
            {"installation", installation}};
}

}  // namespace

void AlarmCourier::tick(const std::stop_token& stop) {
    if (!settings_.webhook) return;
    const auto now = ports_.clock.now();
    const auto untold = ports_.alarms.untold(now, now - news_kept, most_at_once);
    if (!untold) return;
    for (const auto& news : *untold) {
        if (stop.stop_requested()) return;
        const auto told = tell(news, stop);
        if (told) {
            (void)ports_.alarms.told(news, ports_.clock.now());
            continue;
        }
        if (stop.stop_requested()) return;
        const auto delay =
            core::retry_delay(patience, news.failures + 1, told.error(), ports_.random.next_unit());
        base::log_event(base::LogLevel::warning, "alarm_not_told",
                        {{"kind", base::to_text(news.record.alarm.kind)},
                         {"event", word(news.what)},
                         {"failures", news.failures + 1},
                         {"message", told.error().message}});
        (void)ports_.alarms.telling_failed(news, ports_.clock.now() + delay);
    }
}

base::Result<void> AlarmCourier::tell(const AlarmNews& news, const std::stop_token& stop) {
    const auto installation = ports_.fleet.installation();
    if (!installation) return base::fail(installation.error());
    const std::string delivery = fmt::format("{}:{}", news.record.id.text(), word(news.what));
    ports::HttpRequest request{
        .method = "POST",
        .url = settings_.webhook->url,
        .url_secret = settings_.webhook->url_secret,
        .headers = {{"Content-Type", "application/json"}, {"X-Hatchery-Delivery", delivery}},
        .body = base::dump_json(body_of(news, installation->text())),
        .max_response_bytes = 64U << 10U};
    if (settings_.webhook->sign) {
        request.headers.emplace_back("X-Hatchery-Signature",
                                     "sha256=" + settings_.webhook->sign(request.body));
    }
    const auto answer = ports_.http.send(request, base::Call::within(call_limit, stop));
    if (!answer) return base::fail(answer.error());
    if (answer->status >= 200 && answer->status < 300) return {};
    return base::fail(base::ErrorKind::bad_response,
                      fmt::format("The webhook answered with status {}.", answer->status));
}

}  // namespace hatchery::engine
