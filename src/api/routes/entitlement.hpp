#pragma once

#include <optional>

#include "api/body_reader.hpp"
#include "api/routes/routes.hpp"
#include "core/bot.hpp"
#include "core/subscription.hpp"

namespace hatchery::api::routes {

/// Wrong region and server type for the user's plan, in the words of the body's fields. What is
/// wrong already is left alone. For a plan that stays in the EU it may ask the provider what it
/// sells.
void check_place_of_plan(BodyReader& body, RouteContext& context, const Exchange& exchange,
                         const store::Account& account, const core::Bot& bot);

/// Whether the account may have one more bot now: 403 `quota_exceeded`, or 402 for what is unpaid.
/// The database asks the same again, with what admit_bot() answers, under a lock.
[[nodiscard]] std::optional<Problem> refuse_new_bot(const RouteContext& context,
                                                    const store::Account& account);
[[nodiscard]] store::AdmitBot admit_bot(const RouteContext& context);
/// The problem of an error that admit_bot()'s answer had.
[[nodiscard]] Problem admission_problem(const base::Error& error);

/// Why this operation may not begin for what the bot's user has paid, if so.
[[nodiscard]] std::optional<Problem> refuse_operation(RouteContext& context,
                                                      const Exchange& exchange,
                                                      const core::Bot& bot,
                                                      core::OperationKind kind);
/// Why this operation on the bot may not be cancelled, if so: a stop goes on if it is for what the
/// bot's user has not paid.
[[nodiscard]] std::optional<Problem> refuse_cancel(const RouteContext& context,
                                                   const base::UserId& user,
                                                   core::OperationKind kind);

}  // namespace hatchery::api::routes
