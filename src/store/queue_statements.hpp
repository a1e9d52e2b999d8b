#pragma once

#include <string>

namespace hatchery::store::statements {

/// $1 now, $2 since when a worker counts as alive. One row with the columns of queue_status.
[[nodiscard]] const std::string& count_queue();
/// $1 now, $2 as above. (requirements, met)
[[nodiscard]] const std::string& demands();
/// $1 requirements and $2 reasons as arrays of one length, $3 now, $4 how many jobs at most. A row
/// for each job that is marked anew: (bot_id).
[[nodiscard]] const std::string& mark_blocked();
/// $1 the requirements that stay marked.
[[nodiscard]] const std::string& unmark_blocked();
/// $1 now. A row for each job that is released.
[[nodiscard]] const std::string& release_ending();

}  // namespace hatchery::store::statements
