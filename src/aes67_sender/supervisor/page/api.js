// What is asked of the sender, and what it says when it refuses.

/** The sender says no: each problem with its text and its remedy. `code` is HTTP's, 0 where nobody answers. */
export class Refused extends Error {
  constructor(code, problems) {
    super(problems.map((problem) => problem.text).join(" "));
    this.code = code;
    this.problems = problems;
  }
}

/** Send a request; gives the answer, or throws `Refused`. */
export async function ask(method, path, data) {
  const options = { method, headers: {}, cache: "no-store" };
  if (data !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(data);
  }
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new Refused(0, [{ text: "The sender does not answer.", hint: "Nothing was changed. Try again when it is back." }]);
  }
  if (answer.ok) return answer;
  throw new Refused(answer.status, await problemsOf(answer));
}

export const askJson = async (method, path, data) => (await ask(method, path, data)).json();

async function problemsOf(answer) {
  try {
    const told = await answer.json();
    if (Array.isArray(told.problems)) return told.problems;
    if (typeof told.detail === "string") return [{ text: told.detail, hint: "" }];
    if (Array.isArray(told.detail)) return told.detail.map((each) => ({ text: String(each.msg), hint: "" }));
  } catch {
    // Whoever answers speaks no JSON, as a proxy may.
  }
  return [{ text: `The answer is ${answer.status} ${answer.statusText}.`, hint: "" }];
}

export const streamPath = (id, rest = "") => `/api/v1/streams/${encodeURIComponent(id)}${rest}`;
