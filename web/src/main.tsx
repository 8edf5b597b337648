import { render } from 'preact';

import './styles/tokens.css';
import './styles/base.css';
import './styles/shell.css';
import './styles/calls.css';
import './styles/call.css';
import './styles/watch.css';
import { App } from './app';
import { router_start } from './router';
import { session_load } from './state/session';
import { theme_start } from './state/theme';

theme_start();
router_start();
void session_load();
render(<App />, document.getElementById('app') as HTMLElement);
