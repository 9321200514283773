// PAGE_FIELDS is put in by the build: the fields of a recording that this version has.
const form = document.querySelector('form');
const status = document.querySelector('[role=status]');

form.addEventListener('submit', (event) => {
  event.preventDefault();
  change('mutation ($title: String!) { addRecording(title: $title) { id } }', { title: form.elements.title.value });
  form.reset();
});

document.querySelector('thead').append(row('th', [...PAGE_FIELDS, '']));
show().catch(report);

async function show() {
  const { recordings } = await ask(`{ recordings { id startedAt stoppedAt ${PAGE_FIELDS.join(' ')} } }`);
  const rows = recordings.map((recording) =>
    row('td', [...PAGE_FIELDS.map((field) => recording[field] ?? ''), button(recording)]),
  );
  document.querySelector('tbody').replaceChildren(...rows);
  status.textContent = '';
}

function row(cell, contents) {
  const tr = document.createElement('tr');
  for (const content of contents) tr.appendChild(document.createElement(cell)).append(content);
  return tr;
}

function button({ id, startedAt, stoppedAt }) {
  if (stoppedAt) return '';
  const verb = startedAt ? 'stop' : 'start';
  const element = document.createElement('button');
  element.textContent = verb;
  element.addEventListener('click', () => {
    change(`mutation ($id: ID!) { ${verb}Recording(id: $id) { id } }`, { id });
  });
  return element;
}

function change(query, variables) {
  ask(query, variables).then(show).catch(report);
}

function report(error) {
  status.textContent = error.message;
}

async function ask(query, variables = {}) {
  const response = await fetch('/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await response.json();
  if (errors) throw new Error(errors[0].message);
  return data;
}
