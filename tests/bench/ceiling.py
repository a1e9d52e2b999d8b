"""pgbench scripts of a deploy's five transitions: the bare SQL of one, and the engine's own statement
with the very parameters that it sends.

The engine's statement is not copied: one deploy is run by the real engine while the server logs
statements and parameters, and what it logged becomes the script. Only the ids are replaced, by
expressions over the deploy's number.
"""
import datetime
import os
import re

from cluster import SQL, Broken

STEPS = ["provision_server", "install_dependencies", "deploy_openclaw", "configure_bot",
         "start_bot"]
HEADER = "\\set number :client_id * :per_client + :i + 1\n\\set i :i + 1\n"
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


def id_of(step):
    """The id, and the lease token, of a deploy's job; its operation has the first one's.
    sql/leased_deploys.sql makes that."""
    return f"CAST(lpad(to_hex(8 * CAST(:number AS bigint) + {step}), 32, '0') AS uuid)"


def times():
    now = datetime.datetime.now(datetime.timezone.utc)
    return {"now": now.isoformat(), "until": (now + datetime.timedelta(hours=1)).isoformat()}


def bare_script(path):
    """Writes the script; answers its variables."""
    texts = [HEADER]
    for number, step in enumerate(STEPS):
        last = number + 1 == len(STEPS)
        with open(os.path.join(SQL, "last_transition.sql" if last else "transition.sql")) as file:
            text = re.sub(r"^--.*\n", "", file.read(), flags=re.MULTILINE)
        texts.append(text % {"operation": id_of(0), "job": id_of(number),
                             "next": id_of(number + 1), "step": step,
                             "next_step": "" if last else STEPS[number + 1]})
    with open(path, "w") as script:
        script.write("".join(texts))
    return {"i": 0, **times()}


def parse_parameters(detail):
    """`parameters: $1 = 'text', $2 = NULL` as a list."""
    values = []
    for match in re.finditer(r"\$\d+ = (?:NULL|'((?:[^']|'')*)')", detail):
        text = match.group(1)
        values.append(None if text is None else text.replace("''", "'"))
    return values


def applied(cluster, database, run_one):
    """The five (statement, parameters) by which the engine applied one deploy."""
    since = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
    cluster.sql("postgres", f"ALTER DATABASE {database} SET log_min_duration_statement = 0")
    try:
        run_one()
    finally:
        cluster.sql("postgres", f"ALTER DATABASE {database} RESET log_min_duration_statement")
    found = []
    for line in cluster.logged(since):
        match = re.match(r"duration: [0-9.]+ ms  execute \S+: (.*)", line["message"], re.DOTALL)
        if match and "INSERT INTO events" in match.group(1) and "changed_operation" in match.group(1):
            found.append((match.group(1).strip(), parse_parameters(line.get("detail", ""))))
    if len(found) != len(STEPS):
        raise Broken(f"the engine applied a deploy by {len(found)} statements instead of five")
    return found


def engine_script(path, statements):
    """Writes the script; answers its variables."""
    texts, variables = [HEADER], {"i": 0}
    for step, (statement, values) in enumerate(statements):
        # Ids in the order of the statement's arrays: operation, token, next job, next token.
        ids = [at for at, value in enumerate(values) if value and re.fullmatch("{\"?" + UUID + "\"?}", value)]
        if len(ids) != (4 if step + 1 < len(STEPS) else 2):
            raise Broken("the engine's statement has other ids than expected")

        def replace(match, values=values, ids=ids, step=step):
            at = int(match.group(1)) - 1
            cast = match.group(2) or ""
            if at in ids:
                owner = [0, step, step + 1, step + 1][ids.index(at)]
                return f"ARRAY[{id_of(owner)}]{cast}"
            if values[at] is None:
                return "NULL" + cast
            name = f"p{step}_{at + 1}"
            variables[name] = values[at]
            return f":{name}{cast}"

        texts.append(re.sub(r"\$(\d+)((?:::[a-z]+(?:\[\])?)?)", replace, statement) + ";\n")
    with open(path, "w") as script:
        script.write("".join(texts))
    return variables
