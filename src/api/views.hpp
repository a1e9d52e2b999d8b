#pragma once

#include <string>

#include "base/json.hpp"
#include "core/bot.hpp"
#include "core/event.hpp"
#include "core/operation.hpp"
#include "core/server.hpp"
#include "store/bot_repository.hpp"
#include "store/operation_repository.hpp"

namespace hatchery::api {

/// A bot as its user sees it; `defaults` fill in what the bot leaves to the operator.
struct PlaceDefaults {
    std::string provider;
    std::string region;
    std::string server_type;
};
[[nodiscard]] base::Json bot_view(const core::Bot& bot, const PlaceDefaults& defaults);
[[nodiscard]] base::Json operation_view(const store::OperationView& operation);
/// An operation without its steps.
[[nodiscard]] base::Json operation_summary(const core::Operation& operation);
[[nodiscard]] base::Json deployment_view(const store::DeploymentView& view);
/// Null without a server.
[[nodiscard]] base::Json server_view(const std::optional<core::Server>& server);
[[nodiscard]] base::Json event_view(const core::Event& event);
/// One event in the form of text/event-stream (WHATWG HTML, 9.2).
[[nodiscard]] std::string event_stream_text(const core::Event& event);
/// Null without a time.
[[nodiscard]] base::Json time_view(const std::optional<base::TimePoint>& time);
/// `{"amount":"4.35","currency":"EUR"}`, or null for an empty amount.
[[nodiscard]] base::Json money_view(const std::string& amount, const std::string& currency);
/// The sum of what servers cost, which is null when the price of none of them is known.
[[nodiscard]] base::Json sum_view(const std::string& amount, const std::string& currency,
                                  std::int64_t servers, std::int64_t unpriced);

}  // namespace hatchery::api
